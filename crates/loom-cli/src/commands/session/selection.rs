//! Which model answers: the one that was asked for, else the thread's, else the server's choice.

use loom_common_thread::StoredThread;
use loom_server_llm_proxy::wire::ProviderInfo;

use crate::connection::Connection;
use crate::error::CliError;
use crate::setting::Setting;

/// A model and its provider.
pub(crate) struct Model {
    pub(crate) provider: String,
    pub(crate) name: String,
}

/// Names that files written for Claude Code have for models, and that no provider knows.
const ALIASES: [&str; 3] = ["sonnet", "opus", "haiku"];

impl Model {
    /// Reads what a file calls a model, as in `/model`: `[PROVIDER/]NAME`. Of the provider
    /// `usual` where none is named.
    ///
    /// # Errors
    ///
    /// Why that is no model.
    pub(super) fn written(text: &str, usual: &str) -> Result<Self, String> {
        if ALIASES.contains(&text) {
            return Err(format!("{text} stands for different models over time"));
        }
        let (provider, name) = text.split_once('/').unwrap_or((usual, text));
        Ok(Self {
            provider: provider.to_owned(),
            name: name.to_owned(),
        })
    }
}

pub(super) async fn select_model(
    setting: &Setting,
    connection: &Connection,
    stored: Option<&StoredThread>,
) -> Result<Model, CliError> {
    let asked = &setting.config.value.model;
    let thread = stored.map(|stored| &stored.thread);
    let provider = asked
        .provider
        .clone()
        .or_else(|| thread.map(|thread| thread.provider.clone()));
    let name = asked.name.clone().or_else(|| {
        // A thread's model goes with its provider.
        let thread = thread.filter(|thread| provider.as_ref() == Some(&thread.provider));
        thread.map(|thread| thread.model.clone())
    });
    if let (Some(provider), Some(name)) = (&provider, &name) {
        return Ok(Model {
            provider: provider.clone(),
            name: name.clone(),
        });
    }
    let providers = connection.server()?.providers().await?;
    let chosen = match &provider {
        Some(name) => providers
            .iter()
            .find(|provider| provider.name == *name)
            .ok_or_else(|| unknown_provider(name, &providers))?,
        None => providers
            .iter()
            .find(|provider| provider.configured)
            .ok_or_else(no_provider)?,
    };
    let name = name
        .or_else(|| chosen.default_model.clone())
        .ok_or_else(|| {
            CliError::usage(format!("provider `{}` has no default model", chosen.name)).hint(
                "name one with --model; `loom doctor` lists the models that the provider offers",
            )
        })?;
    Ok(Model {
        provider: chosen.name.clone(),
        name,
    })
}

/// The error of a provider that the server does not know.
pub(super) fn unknown_provider(name: &str, known: &[ProviderInfo]) -> CliError {
    let known = known.iter().map(|provider| provider.name.as_str());
    let known: Vec<&str> = known.collect();
    CliError::usage(format!("the server knows no provider `{name}`"))
        .hint(format!("it knows: {}", known.join(", ")))
}

/// The error of a server that has no key for any provider.
pub(crate) fn no_provider() -> CliError {
    CliError::failed("the server has no model provider").hint(
        "set ANTHROPIC_API_KEY or OPENAI_API_KEY (or LOOM_SERVER_OPENAI_BASE_URL for a server \
         compatible with OpenAI's, such as Ollama), run `loom server stop` and try again",
    )
}
