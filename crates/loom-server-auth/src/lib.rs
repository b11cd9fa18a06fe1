//! Access tokens: made, stored as hashes, checked.
