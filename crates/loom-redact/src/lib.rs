//! Finds secrets in text, by rules and by value, and takes them out.
