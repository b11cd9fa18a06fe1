//! The model that answers.

use std::fmt;
use std::sync::Arc;

use loom_common_core::{Effort, LlmClient, ModelFigures};

/// A model, and the way to it.
#[derive(Clone)]
pub struct ModelChoice {
    /// The way to the model.
    pub client: Arc<dyn LlmClient>,
    /// Name of the model's provider.
    pub provider: String,
    /// Name of the model.
    pub name: String,
    /// Limit of tokens for one answer.
    pub max_tokens: Option<u32>,
    /// How much the model should think.
    pub effort: Option<Effort>,
    /// How much the model takes and what it costs, as far as it is known.
    pub figures: ModelFigures,
}

impl fmt::Debug for ModelChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ModelChoice({}/{})", self.provider, self.name)
    }
}
