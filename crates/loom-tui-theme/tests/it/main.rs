//! Themes as people, terminals and eyes meet them.

mod contrast;
mod file;
mod palette;
mod vision;
