//! Figures of a model that the operator knows better than the built-in table.
//!
//! An entry is one line of text, because that is what a variable can carry and a list in a file
//! can hold: the model's name, then the figures, such as
//! `qwen3-coder context_window=262144 max_output_tokens=65536 input=0.2 output=0.8`.

use std::fmt;
use std::str::FromStr;

use loom_common_core::{ModelFigures, Prices, Rates};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A model's name and what the operator says about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModelEntry {
    /// The text as it was given.
    text: String,
    name: String,
    figures: ModelFigures,
}

/// Text that is not an entry of a model; another attempt gives the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelEntryError {
    /// There is no name ahead of the figures.
    #[error(
        "`{0}` does not begin with the name of a model; write `NAME context_window=… input=… output=…`"
    )]
    NoName(String),
    /// A word after the name is no figure.
    #[error(
        "`{0}` is not a figure; there are context_window, max_output_tokens, input, output, \
         cache_read and cache_write, each with `=` and a number"
    )]
    NoFigure(String),
    /// A number of tokens is not a whole number, or a price not a positive one.
    #[error("`{0}` has no usable number")]
    NoNumber(String),
    /// There are prices, but not those that every call needs.
    #[error(
        "the prices of `{0}` need at least input= and output=, in US dollars for a million tokens"
    )]
    PricesMissing(String),
}

impl ModelEntry {
    /// Returns the model's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what the operator says; what is not said is absent.
    pub fn figures(&self) -> ModelFigures {
        self.figures
    }
}

impl FromStr for ModelEntry {
    type Err = ModelEntryError;

    fn from_str(text: &str) -> Result<Self, ModelEntryError> {
        let mut words = text.split_whitespace();
        let name = words
            .next()
            .filter(|name| !name.contains('='))
            .ok_or_else(|| ModelEntryError::NoName(text.to_owned()))?;
        let mut figures = ModelFigures::default();
        let mut rates = GivenRates::default();
        for word in words {
            let (figure, number) = word
                .split_once('=')
                .ok_or_else(|| ModelEntryError::NoFigure(word.to_owned()))?;
            match figure {
                "context_window" => figures.context_window = Some(tokens(word, number)?),
                "max_output_tokens" => figures.max_output_tokens = Some(tokens(word, number)?),
                "input" => rates.input = Some(price(word, number)?),
                "output" => rates.output = Some(price(word, number)?),
                "cache_read" => rates.cache_read = Some(price(word, number)?),
                "cache_write" => rates.cache_write = Some(price(word, number)?),
                _ => return Err(ModelEntryError::NoFigure(word.to_owned())),
            }
        }
        figures.prices = rates.prices(name)?;
        Ok(Self {
            text: text.to_owned(),
            name: name.to_owned(),
            figures,
        })
    }
}

/// Prices as far as they have been read.
#[derive(Default)]
struct GivenRates {
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
}

impl GivenRates {
    /// Returns the prices, if there are any. A cache that is not mentioned costs as much as none.
    fn prices(self, name: &str) -> Result<Option<Prices>, ModelEntryError> {
        let (input, output) = match (self.input, self.output) {
            (Some(input), Some(output)) => (input, output),
            (None, None) if self.cache_read.or(self.cache_write).is_none() => return Ok(None),
            _ => return Err(ModelEntryError::PricesMissing(name.to_owned())),
        };
        Ok(Some(Prices {
            rates: Rates {
                input,
                output,
                cache_read: self.cache_read.unwrap_or(input),
                cache_write: self.cache_write.unwrap_or(input),
            },
            long_prompt: None,
        }))
    }
}

fn tokens(word: &str, number: &str) -> Result<u64, ModelEntryError> {
    match number.parse() {
        Ok(tokens) if tokens > 0 => Ok(tokens),
        _ => Err(ModelEntryError::NoNumber(word.to_owned())),
    }
}

fn price(word: &str, number: &str) -> Result<f64, ModelEntryError> {
    match number.parse::<f64>() {
        Ok(price) if price.is_finite() && price >= 0.0 => Ok(price),
        _ => Err(ModelEntryError::NoNumber(word.to_owned())),
    }
}

impl TryFrom<String> for ModelEntry {
    type Error = ModelEntryError;

    fn try_from(text: String) -> Result<Self, ModelEntryError> {
        text.parse()
    }
}

impl From<ModelEntry> for String {
    fn from(entry: ModelEntry) -> Self {
        entry.text
    }
}

impl fmt::Display for ModelEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl JsonSchema for ModelEntry {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ModelEntry".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^\S+(\s+[a-z_]+=[0-9.]+)*$" })
    }
}
