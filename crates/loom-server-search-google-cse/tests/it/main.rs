//! The client against a server in the provider's place, which answers well or badly.
#![expect(clippy::unwrap_used, reason = "tests")]

mod client;
mod faults;
