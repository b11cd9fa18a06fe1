//! Decisions as a session gets them: files of rules on disk, calls of tools, the reasons in words.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]

mod files;
mod layers;
mod lines;
mod machine;
mod modes;
mod properties;
mod reasons;
mod remembering;
