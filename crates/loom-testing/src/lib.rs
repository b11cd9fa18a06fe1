//! Test support: fake model server, server in process, hermetic command line, scratch repositories.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "test support fails a test by panicking"
)]

pub mod deadline;
pub mod model;

pub use model::{FakeModel, Gate, ModelRequest, Reply};
