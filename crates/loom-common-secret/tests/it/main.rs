//! A secret stays one, whoever prints it.

mod printing;
mod tracing_output;
mod value;
