//! The tools that an agent works with: files, search, shell.
