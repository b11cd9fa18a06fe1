//! The rules that Loom brings along, one file for each kind of service.

/// The files of `rules/`, by name and text.
pub(crate) const FILES: &[(&str, &str)] = &[];
