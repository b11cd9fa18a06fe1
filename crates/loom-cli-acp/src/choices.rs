//! What can be chosen in a session: the mode, the model and how much it thinks, as the protocol's modes
//! and as its configuration options.

use agent_client_protocol::Error;
use agent_client_protocol::v1::schema::{
    SessionConfigOption, SessionConfigOptionCategory, SessionConfigSelectOption, SessionMode,
    SessionModeState,
};
use loom_common_core::{Effort, PermissionMode};

use crate::error::invalid;
use crate::program::{Choice, ModelId};

/// Id of the option for the mode.
pub(crate) const MODE: &str = "mode";
/// Id of the option for the model.
pub(crate) const MODEL: &str = "model";
/// Id of the option for how much the model thinks.
pub(crate) const EFFORT: &str = "effort";

/// The effort that the provider chooses.
const DEFAULT: &str = "default";

/// What can be chosen for the effort.
const EFFORTS: [Option<Effort>; 4] = [
    None,
    Some(Effort::Low),
    Some(Effort::Medium),
    Some(Effort::High),
];

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

impl Offer {
    /// Reads what was chosen for the option `id`, in a session that goes on with `settings` so far.
    ///
    /// # Errors
    ///
    /// When it was not offered.
    pub(crate) fn read(&self, id: &str, value: &str, settings: &Settings) -> Result<Choice, Error> {
        let choice = match id {
            MODE => {
                let mut modes = self.modes.iter();
                let mode = modes.find(|mode| mode.to_string() == value);
                mode.copied().map(Choice::Mode)
            }
            MODEL => {
                let mut models = self.models.iter().chain([&settings.model]);
                let model = models.find(|model| model.as_choice() == value);
                model.cloned().map(Choice::Model)
            }
            EFFORT => {
                let mut efforts = EFFORTS.into_iter();
                let effort = efforts.find(|effort| effort_value(*effort) == value);
                effort.map(Choice::Effort)
            }
            _ => return Err(invalid(format!("there is no option {id}"))),
        };
        choice.ok_or_else(|| invalid(format!("the option {id} has no value {value}")))
    }

    /// Makes sure that a mode can be chosen.
    ///
    /// # Errors
    ///
    /// When it is switched off here.
    pub(crate) fn check_mode(&self, mode: PermissionMode) -> Result<(), Error> {
        if self.modes.contains(&mode) {
            return Ok(());
        }
        let modes: Vec<String> = self.modes.iter().map(ToString::to_string).collect();
        Err(invalid(format!(
            "{mode} mode is switched off here; there are {}",
            modes.join(", ")
        )))
    }
}

/// Says of a choice what holds now.
pub(crate) fn outcome(choice: &Choice, settings: &Settings) -> String {
    match choice {
        Choice::Mode(_) => format!("mode {}", settings.mode),
        Choice::Model(_) => {
            let ModelId { provider, name } = &settings.model;
            format!("model {name} ({provider})")
        }
        Choice::Effort(_) => format!("effort {}", effort_value(settings.effort)),
    }
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
    let efforts = EFFORTS.map(|effort| {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str) -> ModelId {
        ModelId {
            provider: "anthropic".to_owned(),
            name: name.to_owned(),
        }
    }

    fn settings() -> Settings {
        Settings {
            model: model("unlisted"),
            effort: Some(Effort::High),
            mode: PermissionMode::Auto,
        }
    }

    fn offer() -> Offer {
        Offer {
            modes: vec![PermissionMode::Ask, PermissionMode::Auto],
            models: vec![model("listed")],
        }
    }

    #[test]
    fn only_what_is_offered_can_be_chosen() {
        let read = |id: &str, value: &str| offer().read(id, value, &settings()).ok();
        assert_eq!(read(MODE, "ask"), Some(Choice::Mode(PermissionMode::Ask)));
        assert_eq!(read(MODE, "full"), None);
        let listed = Choice::Model(model("listed"));
        assert_eq!(read(MODEL, "anthropic/listed"), Some(listed));
        let held = Choice::Model(model("unlisted"));
        assert_eq!(read(MODEL, "anthropic/unlisted"), Some(held));
        assert_eq!(read(MODEL, "nope/no-such"), None);
        assert_eq!(read(EFFORT, "default"), Some(Choice::Effort(None)));
        assert_eq!(read(EFFORT, "much"), None);
        assert_eq!(read("color", "red"), None);
    }

    #[test]
    fn a_mode_that_is_switched_off_is_refused_with_those_that_are_left() {
        assert_eq!(offer().check_mode(PermissionMode::Ask), Ok(()));
        let error = offer().check_mode(PermissionMode::Full).unwrap_err();
        assert_eq!(
            error.message,
            "full mode is switched off here; there are ask, auto"
        );
    }

    #[test]
    fn what_holds_is_said_and_not_what_was_wished_for() {
        let said = |choice| outcome(&choice, &settings());
        assert_eq!(said(Choice::Mode(PermissionMode::Full)), "mode auto");
        assert_eq!(
            said(Choice::Model(model("other"))),
            "model unlisted (anthropic)"
        );
        assert_eq!(said(Choice::Effort(None)), "effort high");
    }
}
