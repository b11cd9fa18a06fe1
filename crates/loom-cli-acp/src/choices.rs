//! What can be chosen in a session: the mode, the model and how much it thinks, as the protocol's modes
//! and as its configuration options.

use agent_client_protocol::v1::schema::{
    SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption, SessionMode,
    SessionModeState,
};
use loom_common_core::{Effort, PermissionMode};

use crate::program::ModelId;

/// Id of the option for the mode.
pub(crate) const MODE: &str = "mode";
/// Id of the option for the model.
pub(crate) const MODEL: &str = "model";
/// Id of the option for how much the model thinks.
pub(crate) const EFFORT: &str = "effort";

/// The effort that the provider chooses.
const DEFAULT: &str = "default";

/// With what a session goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) model: ModelId,
    pub(crate) effort: Option<Effort>,
    pub(crate) mode: PermissionMode,
}

/// What can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) modes: Vec<PermissionMode>,
    pub(crate) models: Vec<ModelId>,
}

/// Returns the modes as the protocol has them.
pub(crate) fn modes(settings: &Settings, offer: &Offer) -> SessionModeState {
    let modes = offer.modes.iter().map(|mode| {
        let (name, description) = describe(*mode);
        SessionMode::new(mode.to_string(), name).description(description)
    });
    SessionModeState::new(settings.mode.to_string(), modes.collect())
}

/// Returns all that can be chosen as the protocol's options.
pub(crate) fn options(settings: &Settings, offer: &Offer) -> Vec<SessionConfigOption> {
    let modes = offer.modes.iter().map(|mode| {
        let (name, description) = describe(*mode);
        SessionConfigSelectOption::new(mode.to_string(), name).description(description)
    });
    let mut models = offer.models.clone();
    if !models.contains(&settings.model) {
        models.insert(0, settings.model.clone());
    }
    let models = models.iter().map(|model| {
        SessionConfigSelectOption::new(model.as_choice(), &model.name)
            .description(format!("of {}", model.provider))
    });
    let efforts = [
        None,
        Some(Effort::Low),
        Some(Effort::Medium),
        Some(Effort::High),
    ];
    let efforts = efforts.map(|effort| {
        let name = match effort {
            None => "As the provider chooses",
            Some(Effort::Low) => "Low",
            Some(Effort::Medium) => "Medium",
            Some(Effort::High) => "High",
        };
        SessionConfigSelectOption::new(effort_value(effort), name)
    });
    vec![
        SessionConfigOption::select(
            MODE,
            "Mode",
            settings.mode.to_string(),
            modes.collect::<Vec<_>>(),
        )
        .description("What the agent may do without asking")
        .category(SessionConfigOptionCategory::Mode),
        SessionConfigOption::select(
            MODEL,
            "Model",
            settings.model.as_choice(),
            models.collect::<Vec<_>>(),
        )
        .category(SessionConfigOptionCategory::Model),
        SessionConfigOption::select(
            EFFORT,
            "Effort",
            effort_value(settings.effort),
            efforts.to_vec(),
        )
        .description("How much the model thinks")
        .category(SessionConfigOptionCategory::ThoughtLevel),
    ]
}

fn describe(mode: PermissionMode) -> (&'static str, &'static str) {
    match mode {
        PermissionMode::Plan => ("Plan", "Reads only, and ends in a plan that you approve"),
        PermissionMode::Ask => ("Ask", "Reads; asks before edits and commands"),
        PermissionMode::Auto => (
            "Auto",
            "Edits in the folder and runs commands in the sandbox; asks for more than that",
        ),
        PermissionMode::Full => (
            "Full",
            "Does everything without asking and without a sandbox",
        ),
    }
}

fn effort_value(effort: Option<Effort>) -> String {
    effort.map_or_else(|| DEFAULT.to_owned(), |effort| effort.to_string())
}

/// Reads the value of the option for the effort.
pub(crate) fn effort(value: &str) -> Option<Option<Effort>> {
    let efforts = [
        None,
        Some(Effort::Low),
        Some(Effort::Medium),
        Some(Effort::High),
    ];
    efforts
        .into_iter()
        .find(|effort| effort_value(*effort) == value)
}

/// Reads the id of a mode, if it is offered.
pub(crate) fn mode(id: &str, offer: &Offer) -> Option<PermissionMode> {
    let mut modes = offer.modes.iter();
    modes.find(|mode| mode.to_string() == id).copied()
}
