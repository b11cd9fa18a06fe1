//! Tokens as the provider counts them.

use loom_common_core::Usage;
use serde::Deserialize;

/// The `usage` of a message, or of a `message_delta`: totals so far. A field that is null or not
/// there says nothing new.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct WireUsage {
    #[serde(default)]
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: Option<u64>,
    #[serde(default)]
    cache_creation_input_tokens: Option<u64>,
    #[serde(default)]
    cache_read_input_tokens: Option<u64>,
}

impl WireUsage {
    /// Takes over what a later usage says.
    pub(crate) fn merge(&mut self, later: Self) {
        fn replace(field: &mut Option<u64>, later: Option<u64>) {
            *field = later.or(*field);
        }
        replace(&mut self.input_tokens, later.input_tokens);
        replace(&mut self.output_tokens, later.output_tokens);
        replace(
            &mut self.cache_creation_input_tokens,
            later.cache_creation_input_tokens,
        );
        replace(
            &mut self.cache_read_input_tokens,
            later.cache_read_input_tokens,
        );
    }

    /// Returns the counts. The provider's `input_tokens` leaves out what the cache read and wrote,
    /// so the four do not overlap.
    pub(crate) fn total(&self) -> Usage {
        Usage {
            input_tokens: self.input_tokens.unwrap_or(0),
            output_tokens: self.output_tokens.unwrap_or(0),
            cache_read_tokens: self.cache_read_input_tokens.unwrap_or(0),
            cache_write_tokens: self.cache_creation_input_tokens.unwrap_or(0),
        }
    }
}
