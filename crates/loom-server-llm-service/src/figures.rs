//! How much models take and what they cost: a table, and the operator's word over it.
//!
//! The prices are the makers' list prices for calls of the usual kind (no batches, no regions, a
//! cache of five minutes). A gateway may bill differently, and prices change; both is what
//! `llm.models` in the settings is for. A figure that could not be found is left out.
//!
//! Sources, read in November 2026:
//!
//! - Claude: the models' pages below <https://platform.claude.com/docs/en/models/>, and
//!   <https://platform.claude.com/docs/en/about-claude/pricing>. The cache reads of Sonnet 5.5 are
//!   those since 7 October 2026.
//! - GPT: <https://developers.openai.com/api/docs/models/> for GPT-6.2 Sol and GPT-6 Astra. For the
//!   older ones what several resellers give as OpenAI's list, in agreement with each other.
//!
//! A model is found by its name. Dated names (`claude-haiku-4-5-20251001`, `gpt-5-2025-08-07`) are
//! the same model; so is one with the name of its maker ahead, as gateways write it
//! (`openai/gpt-5.5`). Any other addition makes another model: `gpt-5-pro` is not `gpt-5`.

use loom_common_core::{LongPrompt, ModelFigures, Prices, Rates};
use loom_server_config::ModelEntry;

/// Returns what is known about a model. A figure of the operator's outweighs the table's.
pub(crate) fn of_model(configured: &[ModelEntry], name: &str) -> ModelFigures {
    let known = TABLE
        .iter()
        .find(|(model, _)| is_same(name, model))
        .map(|(_, figures)| *figures)
        .unwrap_or_default();
    let own = configured
        .iter()
        .find(|entry| is_same(name, entry.name()))
        .map(ModelEntry::figures)
        .unwrap_or_default();
    ModelFigures {
        context_window: own.context_window.or(known.context_window),
        max_output_tokens: own.max_output_tokens.or(known.max_output_tokens),
        prices: own.prices.or(known.prices),
    }
}

/// Tells whether `name` is a name of `model`.
fn is_same(name: &str, model: &str) -> bool {
    let without_maker = name.rsplit('/').next().unwrap_or(name);
    [name, without_maker].into_iter().any(|name| {
        let addition = name.strip_prefix(model);
        addition.is_some_and(|addition| addition.is_empty() || is_date(addition))
    })
}

/// Tells whether the end of a name is a date or its stand-in: `-20251001`, `@20251001` (Vertex AI),
/// `-2025-08-07`, `-latest`.
fn is_date(addition: &str) -> bool {
    if addition == "-latest" {
        return true;
    }
    let Some(date) = addition.strip_prefix(['-', '@']) else {
        return false;
    };
    let digits = date.bytes().filter(u8::is_ascii_digit).count();
    let dashes: Vec<usize> = date.match_indices('-').map(|(place, _)| place).collect();
    digits == 8 && digits + dashes.len() == date.len() && (dashes.is_empty() || dashes == [4, 7])
}

const fn rates(input: f64, output: f64, cache_read: f64, cache_write: f64) -> Rates {
    Rates {
        input,
        output,
        cache_read,
        cache_write,
    }
}

const fn model(context_window: u64, max_output_tokens: u64, rates: Rates) -> ModelFigures {
    ModelFigures {
        context_window: Some(context_window),
        max_output_tokens: Some(max_output_tokens),
        prices: Some(Prices {
            rates,
            long_prompt: None,
        }),
    }
}

/// A model of OpenAI's with a context of a million tokens. In a call with a prompt of more than
/// 272,000 tokens input and cache cost twice as much, and output one and a half times.
const fn long_gpt(rates: Rates) -> ModelFigures {
    ModelFigures {
        context_window: Some(1_050_000),
        max_output_tokens: Some(128_000),
        prices: Some(Prices {
            rates,
            long_prompt: Some(LongPrompt {
                above_tokens: 272_000,
                rates: Rates {
                    input: 2.0 * rates.input,
                    output: 1.5 * rates.output,
                    cache_read: 2.0 * rates.cache_read,
                    cache_write: 2.0 * rates.cache_write,
                },
            }),
        }),
    }
}

const HAIKU_5_5: ModelFigures = ModelFigures {
    context_window: Some(1_000_000),
    max_output_tokens: Some(128_000),
    prices: Some(Prices {
        rates: rates(0.1, 0.5, 0.01, 0.125),
        long_prompt: Some(LongPrompt {
            above_tokens: 100_000,
            rates: rates(0.5, 2.5, 0.05, 0.625),
        }),
    }),
};

const MILLION: u64 = 1_000_000;

/// Rates are input, output, cache read, cache write. OpenAI's models before GPT-6 write to the cache
/// for the price of input.
const TABLE: &[(&str, ModelFigures)] = &[
    (
        "claude-fable-5-1",
        model(MILLION, 128_000, rates(10.0, 50.0, 0.25, 12.5)),
    ),
    (
        "claude-fable-5",
        model(MILLION, 128_000, rates(10.0, 50.0, 1.0, 12.5)),
    ),
    (
        "claude-opus-5-5",
        model(MILLION, 128_000, rates(4.0, 20.0, 0.2, 5.0)),
    ),
    (
        "claude-opus-5",
        model(MILLION, 128_000, rates(5.0, 25.0, 0.5, 6.25)),
    ),
    (
        "claude-opus-4-8",
        model(MILLION, 128_000, rates(5.0, 25.0, 0.5, 6.25)),
    ),
    (
        "claude-opus-4-7",
        model(MILLION, 128_000, rates(5.0, 25.0, 0.5, 6.25)),
    ),
    (
        "claude-opus-4-6",
        model(MILLION, 128_000, rates(5.0, 25.0, 0.5, 6.25)),
    ),
    (
        "claude-opus-4-5",
        model(200_000, 64_000, rates(5.0, 25.0, 0.5, 6.25)),
    ),
    (
        "claude-sonnet-5-5",
        model(MILLION, 128_000, rates(2.0, 10.0, 0.1, 2.5)),
    ),
    (
        "claude-sonnet-5",
        model(MILLION, 128_000, rates(2.0, 10.0, 0.2, 2.5)),
    ),
    (
        "claude-sonnet-4-6",
        model(MILLION, 128_000, rates(3.0, 15.0, 0.3, 3.75)),
    ),
    (
        "claude-sonnet-4-5",
        model(200_000, 64_000, rates(3.0, 15.0, 0.3, 3.75)),
    ),
    ("claude-haiku-5-5", HAIKU_5_5),
    (
        "claude-haiku-4-5",
        model(200_000, 64_000, rates(1.0, 5.0, 0.1, 1.25)),
    ),
    ("gpt-6.2-sol", long_gpt(rates(2.0, 10.0, 0.1, 2.5))),
    ("gpt-6-astra", long_gpt(rates(10.0, 50.0, 1.0, 12.5))),
    ("gpt-5.5", long_gpt(rates(5.0, 30.0, 0.5, 5.0))),
    ("gpt-5.4", long_gpt(rates(2.5, 15.0, 0.25, 2.5))),
    (
        "gpt-5.4-mini",
        model(400_000, 128_000, rates(0.75, 4.5, 0.075, 0.75)),
    ),
    (
        "gpt-5.2",
        model(400_000, 128_000, rates(1.75, 14.0, 0.175, 1.75)),
    ),
    (
        "gpt-5",
        model(400_000, 128_000, rates(1.25, 10.0, 0.125, 1.25)),
    ),
    (
        "gpt-5-mini",
        model(400_000, 128_000, rates(0.25, 2.0, 0.025, 0.25)),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn window(name: &str) -> Option<u64> {
        of_model(&[], name).context_window
    }

    #[test]
    fn a_model_is_found_by_its_name_and_its_dated_names() {
        for name in [
            "claude-haiku-4-5",
            "claude-haiku-4-5-20251001",
            "claude-haiku-4-5@20251001",
            "claude-haiku-4-5-latest",
            "anthropic/claude-haiku-4-5",
        ] {
            assert_eq!(window(name), Some(200_000), "{name}");
        }
        assert_eq!(window("gpt-5-2025-08-07"), Some(400_000));
    }

    #[test]
    fn a_name_that_only_begins_alike_is_another_model() {
        for name in [
            "",
            "gpt",
            "gpt-5-pro",
            "gpt-5.5-pro",
            "gpt-5-2025-08",
            "gpt-5-20250807-x",
            "gpt-50",
            "claude-haiku-4-5-2025100",
            "claude-haiku-4-5-20-25-1001",
            "claude-haiku-4-5/x",
        ] {
            assert_eq!(of_model(&[], name), ModelFigures::default(), "{name}");
        }
    }

    #[test]
    fn every_model_of_the_table_stands_in_it_once_with_figures_that_make_sense() {
        for (place, (name, figures)) in TABLE.iter().enumerate() {
            let same: Vec<_> = TABLE
                .iter()
                .filter(|(other, _)| is_same(other, name))
                .collect();
            assert_eq!(same.len(), 1, "{name} at {place}");
            assert!(
                figures.max_output_tokens <= figures.context_window,
                "{name}"
            );
            let prices = figures.prices.unwrap();
            for rates in
                std::iter::once(prices.rates).chain(prices.long_prompt.map(|long| long.rates))
            {
                assert!(rates.cache_read < rates.input, "{name}");
                assert!(rates.input < rates.output, "{name}");
                assert!(rates.cache_write >= rates.input, "{name}");
            }
        }
    }

    #[test]
    fn a_figure_of_the_operator_outweighs_the_tables() {
        let configured: Vec<ModelEntry> = ["gpt-5 context_window=1000", "llama input=1 output=2"]
            .map(|entry| entry.parse().unwrap())
            .to_vec();
        let gpt = of_model(&configured, "gpt-5-2025-08-07");
        assert_eq!(
            gpt,
            ModelFigures {
                context_window: Some(1000),
                ..of_model(&[], "gpt-5")
            }
        );
        assert_eq!(
            of_model(&configured, "llama"),
            ModelFigures {
                context_window: None,
                max_output_tokens: None,
                prices: Some(Prices {
                    rates: rates(1.0, 2.0, 1.0, 1.0),
                    long_prompt: None,
                }),
            }
        );
    }
}
