//! What the agent asks, as dialogs.

use loom_common_core::PermissionMode;
use loom_common_core::inquiry::{Answer, Inquiry, RememberedRule, RuleScope};
use loom_tui_core::{ComponentId, Moment, SafeText};
use loom_tui_theme::Role;
use serde_json::Value;

use crate::choice::{Choice, ChoiceDialog, Taken};

/// What the person says to a question of yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Yes.
    Confirmed,
    /// No.
    Declined,
}

fn dialog<A>(
    id: &'static str,
    title: &str,
    body: Vec<(SafeText, Role)>,
    choices: Vec<Choice<A>>,
    escape: A,
) -> ChoiceDialog<A> {
    ChoiceDialog {
        id: ComponentId::new(id),
        title: SafeText::new(title),
        body,
        choices,
        escape,
        selected: 0,
        field: None,
        scrolled: 0,
        since: Moment::START,
    }
}

fn choice<A>(label: &str, letter: impl Into<Option<char>>, taken: Taken<A>) -> Choice<A> {
    Choice {
        label: SafeText::new(label),
        letter: letter.into(),
        taken,
    }
}

/// Makes a dialog of a question of yes or no. No is selected, since yes cannot be taken back.
pub fn confirmation(title: &str, question: &str) -> ChoiceDialog<Confirmation> {
    let choices = vec![
        choice("Yes", 'y', Taken::Answer(Confirmation::Confirmed)),
        choice("No", 'n', Taken::Answer(Confirmation::Declined)),
    ];
    let body = vec![(SafeText::new(question), Role::Overlay)];
    ChoiceDialog {
        selected: 1,
        ..dialog("confirmation", title, body, choices, Confirmation::Declined)
    }
}

/// Makes a dialog of what the agent asks; none of a form, which has fields to be filled in.
pub fn inquiry(inquiry: &Inquiry) -> Option<ChoiceDialog<Answer>> {
    let deny = Answer::Deny { instead: None };
    let made = match inquiry {
        Inquiry::Permission {
            name,
            arguments,
            reason,
            suggestions,
            ..
        } => {
            let mut body = call(name, arguments);
            body.push((SafeText::new(&format!("why: {reason}")), Role::Muted));
            let mut choices = vec![choice(
                "Allow it this once",
                'y',
                Taken::Answer(allow(None)),
            )];
            for suggestion in suggestions {
                for (scope, when) in [
                    (RuleScope::Session, "in this session"),
                    (RuleScope::Project, "in this folder"),
                ] {
                    let label = format!("Allow it, and always {when}: {}", suggestion.label);
                    let remembered = Some((suggestion.rules.clone(), scope));
                    choices.push(choice(&label, None, Taken::Answer(allow(remembered))));
                }
            }
            choices.extend(refusals("Do not allow it"));
            dialog("permission", "May this run?", body, choices, deny)
        }
        Inquiry::Question { question, options } => {
            let body = vec![(SafeText::new(question), Role::Overlay)];
            let reply = |text: &String| Taken::Answer(Answer::Reply { text: text.clone() });
            let mut choices: Vec<_> = options
                .iter()
                .map(|option| choice(option, None, reply(option)))
                .collect();
            let written = Taken::Written(|text| Answer::Reply { text });
            choices.push(choice("Something else", None, written));
            dialog("question", "The agent asks", body, choices, deny)
        }
        Inquiry::Plan { plan } => {
            let body = vec![(SafeText::new(plan), Role::Overlay)];
            let approve = |mode| Taken::Answer(Answer::Approve { mode });
            let mut choices = vec![
                choice(
                    "Carry it out, editing by itself",
                    'y',
                    approve(PermissionMode::Auto),
                ),
                choice(
                    "Carry it out, asking before each step",
                    'a',
                    approve(PermissionMode::Ask),
                ),
            ];
            choices.extend(refusals("Keep planning"));
            dialog("plan", "The agent's plan", body, choices, deny)
        }
        Inquiry::Hosts { hosts, .. } => {
            let mut body = vec![(
                SafeText::new("The sandbox has refused these hosts to commands:"),
                Role::Overlay,
            )];
            body.extend(hosts.iter().map(|host| (indented(host), Role::Code)));
            let always = Some((hosts.clone(), RuleScope::User));
            let choices = vec![
                choice(
                    "Allow them until the session ends",
                    'y',
                    Taken::Answer(allow(None)),
                ),
                choice("Allow them always", 'a', Taken::Answer(allow(always))),
                choice("Do not allow them", 'n', Taken::Answer(deny.clone())),
            ];
            dialog(
                "hosts",
                "May commands reach these hosts?",
                body,
                choices,
                deny,
            )
        }
        Inquiry::Link {
            server,
            message,
            url,
            host,
        } => {
            let body = vec![
                (SafeText::new(message), Role::Overlay),
                (indented(url), Role::Link),
                (
                    SafeText::new(&format!(
                        "It leads to the host {host}. Loom does not open it; what you do there is between you and that host."
                    )),
                    Role::Muted,
                ),
            ];
            let choices = vec![
                choice("I go there", 'y', Taken::Answer(allow(None))),
                choice("No", 'n', Taken::Answer(deny)),
                choice("Neither", None, Taken::Answer(Answer::Dismiss)),
            ];
            let title = format!("{server} asks you to go to an address");
            dialog("link", &title, body, choices, Answer::Dismiss)
        }
        Inquiry::Form { .. } => return None,
    };
    Some(made)
}

fn allow(remember: Option<(Vec<String>, RuleScope)>) -> Answer {
    Answer::Allow {
        remember: remember.map(|(rules, scope)| RememberedRule { rules, scope }),
    }
}

/// Returns the two ways to say no.
fn refusals(label: &str) -> [Choice<Answer>; 2] {
    let instead = Taken::Written(|text| Answer::Deny {
        instead: Some(text).filter(|text| !text.is_empty()),
    });
    [
        choice(label, 'n', Taken::Answer(Answer::Deny { instead: None })),
        choice("No, and say what to do instead", 't', instead),
    ]
}

/// Shows a call whole: what it is allowed to do must be seen.
fn call(name: &str, arguments: &Value) -> Vec<(SafeText, Role)> {
    let mut body = vec![(SafeText::new(name), Role::Tool)];
    let shown = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match arguments {
        Value::Object(fields) if fields.len() == 1 => {
            body.extend(
                fields
                    .values()
                    .map(|value| (indented(&shown(value)), Role::Code)),
            );
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                let text = shown(value);
                let separator = if text.contains('\n') { ":\n" } else { ": " };
                body.push((indented(&format!("{key}{separator}{text}")), Role::Code));
            }
        }
        other => body.push((indented(&shown(other)), Role::Code)),
    }
    body
}

fn indented(text: &str) -> SafeText {
    let text = SafeText::new(text);
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    SafeText::new(&lines.join("\n"))
}
