//! The test support, tested.

mod driving;
mod pictures;
mod terminals;
