//! Tools for the web: pages and search.
