//! What is known about a model in numbers: how much it takes, and what it costs.
//!
//! All of it is optional. A model that nobody has figures for works as well; only the meters that
//! need them show nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::llm::Usage;

/// How much a model takes and what it costs, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelFigures {
    /// The most tokens of a conversation and its answer together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_window: Option<u64>,
    /// The most tokens of one answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// What its tokens cost, by the list of its maker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<Prices>,
}

/// What a model's tokens cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Prices {
    /// What they cost in a call with a prompt of usual length.
    pub rates: Rates,
    /// What they cost in a call with a long prompt, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_prompt: Option<LongPrompt>,
}

/// What a model's tokens cost in a call with a long prompt.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LongPrompt {
    /// A prompt of more tokens than this is long, those read from and written to the cache included.
    pub above_tokens: u64,
    /// What all tokens of such a call cost.
    pub rates: Rates,
}

/// Prices in US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rates {
    /// Tokens of the prompt.
    pub input: f64,
    /// Tokens of the answer, thoughts included.
    pub output: f64,
    /// Tokens of the prompt that were read from the provider's cache.
    pub cache_read: f64,
    /// Tokens of the prompt that were written to the provider's cache.
    pub cache_write: f64,
}

impl Prices {
    /// Returns what one call cost, in US dollars.
    ///
    /// The usage must be that of a single call: the sum of several would count as one long prompt.
    pub fn cost(&self, usage: Usage) -> f64 {
        let prompt = usage
            .input_tokens
            .saturating_add(usage.cache_read_tokens)
            .saturating_add(usage.cache_write_tokens);
        let rates = match self.long_prompt {
            Some(long) if prompt > long.above_tokens => long.rates,
            _ => self.rates,
        };
        rates.cost(usage)
    }
}

impl Rates {
    fn cost(&self, usage: Usage) -> f64 {
        const MILLION: f64 = 1_000_000.0;
        let of = |tokens: u64, rate: f64| tokens as f64 * rate / MILLION;
        of(usage.input_tokens, self.input)
            + of(usage.output_tokens, self.output)
            + of(usage.cache_read_tokens, self.cache_read)
            + of(usage.cache_write_tokens, self.cache_write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates {
        input: 2.0,
        output: 10.0,
        cache_read: 0.25,
        cache_write: 2.5,
    };

    fn usage(input_tokens: u64) -> Usage {
        Usage {
            input_tokens,
            output_tokens: 1_000_000,
            cache_read_tokens: 4_000_000,
            cache_write_tokens: 2_000_000,
        }
    }

    #[test]
    fn each_kind_of_token_has_its_own_price() {
        let prices = Prices {
            rates: RATES,
            long_prompt: None,
        };
        assert_eq!(prices.cost(usage(1_000_000)), 2.0 + 10.0 + 1.0 + 5.0);
        assert_eq!(prices.cost(Usage::default()), 0.0);
    }

    #[test]
    fn all_tokens_of_a_call_with_a_long_prompt_cost_more() {
        let doubled = Rates {
            input: 4.0,
            output: 15.0,
            cache_read: 0.5,
            cache_write: 5.0,
        };
        let prices = Prices {
            rates: RATES,
            long_prompt: Some(LongPrompt {
                above_tokens: 7_000_000,
                rates: doubled,
            }),
        };
        assert_eq!(prices.cost(usage(1_000_000)), 18.0);
        assert_eq!(prices.cost(usage(2_000_000)), 8.0 + 15.0 + 2.0 + 10.0);
    }
}
