//! What a hook that has ended wants: its exit code, what it printed, and for a hook that failed
//! whether it was required.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::configuration::Hook;
use crate::event::EventKind;
use crate::outcome::{Decision, Outcome};
use crate::process::{Captured, Ended};

/// What a hook can tell the model at once, in bytes.
const MAX_CONTEXT: usize = 10_000;

/// What of a failed hook's output is shown to the person, in bytes.
const MAX_SHOWN: usize = 2_000;

/// The exit code that blocks.
const BLOCK: i32 = 2;

/// What a hook prints when it prints JSON.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(rename = "continue")]
    goes_on: Option<bool>,
    stop_reason: Option<String>,
    system_message: Option<String>,
    decision: Option<String>,
    reason: Option<String>,
    hook_specific_output: Option<Specific>,
}

/// What an answer says for its kind of event.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Specific {
    hook_event_name: Option<String>,
    permission_decision: Option<String>,
    permission_decision_reason: Option<String>,
    updated_input: Option<Map<String, Value>>,
    additional_context: Option<String>,
}

/// Returns what a hook wants that ended so. Changed arguments are still as the hook names them.
pub(crate) fn read(hook: &Hook, ended: Ended) -> Outcome {
    match ended {
        Ended::NotRun(error) => failed(hook, &format!("could not be started: {error}")),
        Ended::TimedOut => {
            let seconds = hook.timeout.as_secs_f64();
            failed(
                hook,
                &format!("was killed: it ran longer than its {seconds} s"),
            )
        }
        Ended::Exited {
            code: Some(0),
            stdout,
            ..
        } => match succeeded(hook, &stdout) {
            Ok(outcome) => outcome,
            Err(reason) => failed(hook, &reason),
        },
        Ended::Exited {
            code: Some(BLOCK),
            stderr,
            ..
        } => blocked(hook, bounded(&stderr.text(), MAX_CONTEXT)),
        Ended::Exited { code, stderr, .. } => {
            let how = match code {
                Some(126 | 127) => "could not be started by the shell".to_owned(),
                Some(code) => format!("failed with exit code {code}"),
                None => "was ended by a signal".to_owned(),
            };
            match stderr.text().as_str() {
                "" => failed(hook, &how),
                text => failed(hook, &format!("{how}: {}", bounded(text, MAX_SHOWN))),
            }
        }
    }
}

/// Returns what it means that a hook failed: a warning, and a block if it is required.
pub(crate) fn failed(hook: &Hook, how: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let text = format!("{} hook `{}` {how}", hook.event.name(), hook.shown());
    if hook.is_required && hook.event.can_block() {
        outcome.decision = Decision::Block {
            reason: format!("a required hook did not do its work: {text}"),
        };
    }
    outcome.warn(text);
    outcome
}

fn blocked(hook: &Hook, reason: String) -> Outcome {
    let mut outcome = Outcome::default();
    let reason = if reason.is_empty() {
        format!(
            "blocked by the hook `{}`, which gave no reason",
            hook.shown()
        )
    } else {
        reason
    };
    if hook.event.can_block() {
        outcome.decision = Decision::Block { reason };
    } else {
        outcome.warn(format!(
            "{} hook `{}`: {reason}",
            hook.event.name(),
            hook.shown()
        ));
    }
    outcome
}

/// Reads what a hook printed that did its work.
fn succeeded(hook: &Hook, stdout: &Captured) -> Result<Outcome, String> {
    let text = stdout.text();
    if !text.starts_with('{') {
        let mut outcome = Outcome::default();
        if hook.event.takes_plain_text() && !text.is_empty() {
            outcome.context.push(bounded(&text, MAX_CONTEXT));
        }
        return Ok(outcome);
    }
    if stdout.is_cut {
        return Err("printed more JSON than is read".to_owned());
    }
    let answer = serde_json::from_str(&text)
        .map_err(|error| format!("printed JSON that cannot be read: {error}"))?;
    interpret(hook, answer)
}

fn interpret(hook: &Hook, answer: Answer) -> Result<Outcome, String> {
    let mut outcome = Outcome::default();
    let specific = answer.hook_specific_output.unwrap_or_default();
    let event = hook.event.name();
    if let Some(name) = specific.hook_event_name.filter(|name| name != event) {
        return Err(format!("answered for the event {name:?}, not {event}"));
    }
    let (word, reason) = match specific.permission_decision {
        Some(word) => (Some(word), specific.permission_decision_reason),
        None => (answer.decision, answer.reason),
    };
    let reason = bounded(&reason.unwrap_or_default(), MAX_CONTEXT);
    let is_before_tool = hook.event == EventKind::PreToolUse;
    match word.as_deref() {
        None | Some("defer") => {}
        Some("block" | "deny") => outcome = blocked(hook, reason),
        Some("allow" | "approve") if is_before_tool => {
            outcome.decision = Decision::Allow { reason }
        }
        Some("allow" | "approve") => {}
        Some("ask") if is_before_tool => outcome.decision = Decision::Ask { reason },
        Some(word) => return Err(format!("decided {word:?}, which means nothing here")),
    }
    if is_before_tool {
        outcome.updated_input = specific.updated_input;
    }
    if answer.goes_on == Some(false) {
        let reason = answer.stop_reason.filter(|reason| !reason.is_empty());
        let reason = reason.unwrap_or_else(|| format!("stopped by the hook `{}`", hook.shown()));
        outcome.halt = Some(bounded(&reason, MAX_SHOWN));
    }
    if let Some(message) = answer.system_message {
        outcome.inform(bounded(&message, MAX_SHOWN));
    }
    if let Some(context) = specific.additional_context.filter(|text| !text.is_empty()) {
        outcome.context.push(bounded(&context, MAX_CONTEXT));
    }
    Ok(outcome)
}

/// Returns the start of a text, with a note of what was left out.
fn bounded(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let kept = &text[..text.floor_char_boundary(limit)];
    format!("{kept}\n… {} bytes left out …", text.len() - kept.len())
}
