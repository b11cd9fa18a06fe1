//! The client of language servers: what a file is diagnosed with after an edit.
