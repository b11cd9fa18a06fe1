//! The service over fake providers: who answers, what is counted, what is said when none can.
#![expect(clippy::unwrap_used, reason = "tests")]

mod measurement;
mod providers;
mod service;
