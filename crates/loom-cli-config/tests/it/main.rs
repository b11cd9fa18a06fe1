//! Settings of the command line program.
