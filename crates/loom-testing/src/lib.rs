//! Test support: fake model server, server in process, hermetic command line, scratch repositories.
//!
//! For tests only: no product crate depends on it, and it depends on none for the two sides of a
//! wire, so that a mistake cannot hide by being made twice.
//!
//! | module | what it gives a test |
//! | --- | --- |
//! | [`model`] | [`FakeModel`]: a model that follows a script and checks every request |
//! | [`command_line`] | [`CommandLine`]: `loom` as a user with an empty home runs it |
//! | [`repository`] | [`Repository`]: a git repository made for one test |
//! | [`search`] | [`FakeSearchEngine`](search::FakeSearchEngine): a search engine that finds what it is told |
//! | [`broken_server`] | [`BrokenServer`]: a server that sends garbage, breaks off or says nothing |
//! | [`deadline`] | the bound on all waiting |
//! | `database`, a feature | `TestDatabase`: an empty SQLite or PostgreSQL database; `both_databases!` tries a store on both |
//! | `server`, a feature | `TestServer`: the server inside the test's process |
//!
//! Whatever goes wrong is told by a panic that shows what was asked, sent or printed: test support
//! has no errors to handle. Nothing sleeps: tests wait for lines, text on the screen, gates and
//! hang-ups, and each wait has a bound. What a value has started it ends when it is dropped.
//!
//! The program `loom-replay-model` serves a recorded conversation ([`model::Recording`]) to
//! anything that speaks one of the protocols, and says at its end whether every request kept the
//! rules.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "test support fails a test by panicking"
)]

pub mod broken_server;
pub mod command_line;
#[cfg(feature = "database")]
pub mod database;
pub mod deadline;
mod environment;
mod loopback;
pub mod model;
mod process;
pub mod repository;
pub mod search;
#[cfg(feature = "server")]
pub mod server;
mod watched;

pub use broken_server::{BrokenServer, Then};
pub use command_line::CommandLine;
#[cfg(feature = "database")]
pub use database::TestDatabase;
pub use model::{FakeModel, Gate, ModelRequest, Reply};
pub use repository::Repository;
#[cfg(feature = "server")]
pub use server::TestServer;
