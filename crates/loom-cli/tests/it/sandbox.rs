//! Getting out of the sandbox, attempted one by one, and what must work inside of it.
//!
//! Each test goes through every [`Cage`] that this machine can build. An attempt is a line of shell
//! that succeeds when it gets out; the same attempts are made without a sandbox first, where they
//! must succeed, or they would prove nothing.

mod cage;
mod calls;
mod command;
mod files;
mod network;
mod processes;
mod secrets;
mod work;
