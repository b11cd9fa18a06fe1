//! A name for a secret that does not give it away.
//!
//! It is a hash, so whoever has a guess can test it: that does no harm to random tokens, but a password that stands in
//! dictionaries can be found out by who has its fingerprint.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Returns 32 hexadecimal digits that are the same wherever the rule finds the same secret.
pub(crate) fn of(rule: &str, secret: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(b"loom-redact fingerprint\0");
    hash.update(rule.as_bytes());
    hash.update(b"\0");
    hash.update(secret);
    let mut digits = String::with_capacity(32);
    for byte in &hash.finalize()[..16] {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}
