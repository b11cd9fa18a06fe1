//! The client against a server on loopback.

mod client;
