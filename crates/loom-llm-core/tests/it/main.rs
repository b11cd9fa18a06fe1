//! What goes wrong on the wire, against sockets that misbehave byte by byte.
#![expect(clippy::unwrap_used, reason = "tests")]

mod address;
mod answer;
mod failure;
mod names;
mod server;
mod silence;
