//! What the agent asks the person, by way of the editor, and what the answer means.
//!
//! A question takes the nearest form that the protocol has: a request for permission, whose options
//! carry the whole answer, or a form or an address where the editor can show those. A question that
//! fits neither is declined, and the person is told what was asked.

mod forms;

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use agent_client_protocol::v1::schema::{
    Content, ContentBlock, CreateElicitationRequest, CreateElicitationResponse, ElicitationAction,
    ElicitationFormMode, ElicitationId, ElicitationSessionScope, ElicitationUrlMode,
    PermissionOption, PermissionOptionKind, RequestPermissionOutcome, RequestPermissionRequest,
    RequestPermissionResponse, SessionId, TextContent, ToolCallContent, ToolCallStatus,
    ToolCallUpdate, ToolCallUpdateFields, ToolKind,
};
use loom_common_core::PermissionMode;
use loom_common_core::inquiry::{Answer, Inquiry, RememberedRule, RuleScope, RuleSuggestion};
use serde_json::Value;

use crate::drawing::proposed;
use crate::features::Features;

/// Rules that are offered with one question.
const MAX_RULES: usize = 2;

/// A question as the editor is asked it.
#[derive(Debug)]
pub(crate) enum Question {
    /// To be chosen from, each option with the answer that it stands for.
    Choice {
        request: Box<RequestPermissionRequest>,
        answers: Vec<(String, Meant)>,
    },
    /// To be filled in, or an address to go to.
    Elicitation {
        request: Box<CreateElicitationRequest>,
        kind: Elicited,
    },
    /// Not to be asked here: what the agent is answered, and what the person is told.
    Unaskable { answer: Answer, note: String },
}

/// What an option stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    /// This answer.
    Once(Answer),
    /// No, to this and to all that is like it in this session.
    Never,
}

/// What an elicitation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elicited {
    /// A question of the agent's.
    Reply,
    /// A form of a server's.
    Form,
    /// An address.
    Link,
}

/// What the person does not want to be asked again, in one session.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<HashSet<String>>);

impl Refused {
    /// Tells whether the person does not want to be asked this.
    pub(crate) fn holds(&self, inquiry: &Inquiry) -> bool {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        likeness(inquiry).is_some_and(|likeness| refused.contains(&likeness))
    }

    /// Remembers that the person does not want to be asked the like again.
    pub(crate) fn add(&self, inquiry: &Inquiry) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refused.extend(likeness(inquiry));
    }
}

/// Names what inquiries have in common that one refusal is for: the narrowest rules that would have
/// allowed the call, and without any the call itself.
fn likeness(inquiry: &Inquiry) -> Option<String> {
    match inquiry {
        Inquiry::Permission {
            name,
            arguments,
            suggestions,
            ..
        } => Some(match suggestions.first() {
            Some(narrowest) => narrowest.rules.join("\n"),
            None => format!("{name} {arguments}"),
        }),
        Inquiry::Hosts { hosts, .. } => Some(hosts.join(" ")),
        _ => None,
    }
}

/// Where a question is asked.
pub(crate) struct Place<'a> {
    pub(crate) session: &'a SessionId,
    pub(crate) features: Features,
    /// The folder that the agent works in.
    pub(crate) folder: &'a Path,
    /// The modes that can be chosen.
    pub(crate) modes: &'a [PermissionMode],
    /// Id of the inquiry.
    pub(crate) id: &'a str,
    /// The tool call that asks, where it is known.
    pub(crate) call: Option<&'a str>,
}

/// Puts an inquiry into the form that the editor can show.
pub(crate) fn question(inquiry: &Inquiry, place: &Place<'_>) -> Question {
    match inquiry {
        Inquiry::Permission {
            tool_call,
            name,
            arguments,
            reason,
            suggestions,
        } => {
            let mut content = vec![text(reason)];
            content.extend(proposed(name, arguments, place.folder));
            let fields = ToolCallUpdateFields::new()
                .status(ToolCallStatus::Pending)
                .content(content)
                .raw_input(arguments.clone());
            place.choice(
                ToolCallUpdate::new(tool_call.clone(), fields),
                permission(suggestions),
            )
        }
        Inquiry::Hosts { tool_call, hosts } => {
            let named = hosts.join(", ");
            let title = format!("Let commands reach {named}?");
            let fields = ToolCallUpdateFields::new().content(vec![text(&title)]);
            let allow = |scope| {
                Meant::Once(Answer::Allow {
                    remember: Some(RememberedRule {
                        rules: hosts.clone(),
                        scope,
                    }),
                })
            };
            place.choice(
                ToolCallUpdate::new(tool_call.clone(), fields),
                vec![
                    once("Allow in this session", allow(RuleScope::Session)),
                    always(format!("Always allow {named}"), allow(RuleScope::User)),
                    no("Reject"),
                    never("Reject in this session"),
                ],
            )
        }
        Inquiry::Question { question, options } => place.question(question, options),
        Inquiry::Plan { plan } => {
            let fields = ToolCallUpdateFields::new()
                .title("Carry out this plan?")
                .kind(ToolKind::SwitchMode)
                .content(vec![text(plan)]);
            let ways = [
                ("Yes, in auto mode", PermissionMode::Auto),
                ("Yes, asking before each step", PermissionMode::Ask),
            ];
            let ways = ways
                .into_iter()
                .filter(|(_, mode)| place.modes.contains(mode));
            let mut options: Vec<_> = ways
                .map(|(name, mode)| once(name, Meant::Once(Answer::Approve { mode })))
                .collect();
            options.push(no("No, go on planning"));
            place.choice(
                ToolCallUpdate::new(place.call.unwrap_or(place.id).to_owned(), fields),
                options,
            )
        }
        Inquiry::Form {
            server,
            message,
            fields,
        } => {
            let about = format!("{server}: {message}");
            match place.features.forms {
                true => place.form(about, forms::schema(fields), Elicited::Form),
                false => Question::Unaskable {
                    answer: Answer::Dismiss,
                    note: format!(
                        "the server of tools {server} asks something that this editor cannot show, \
                         and was told that nobody answers: {message}"
                    ),
                },
            }
        }
        Inquiry::Link {
            server,
            message,
            url,
            host,
        } => place.link(server, message, url, host),
    }
}

impl Place<'_> {
    fn choice(
        &self,
        call: ToolCallUpdate,
        options: Vec<(String, PermissionOptionKind, Meant)>,
    ) -> Question {
        let mut shown = Vec::new();
        let mut answers = Vec::new();
        for (number, (name, kind, meant)) in (1..).zip(options) {
            let id = format!("{number}");
            shown.push(PermissionOption::new(id.clone(), name, kind));
            answers.push((id, meant));
        }
        let request = RequestPermissionRequest::new(self.session.clone(), call, shown);
        Question::Choice {
            request: Box::new(request),
            answers,
        }
    }

    fn question(&self, question: &str, options: &[String]) -> Question {
        if self.features.forms {
            return self.form(
                question.to_owned(),
                forms::question(options),
                Elicited::Reply,
            );
        }
        if options.is_empty() {
            return Question::Unaskable {
                answer: Answer::Deny {
                    instead: Some(
                        "This editor cannot show the question. Ask it as the end of your answer, \
                         and wait for what the user says next."
                            .to_owned(),
                    ),
                },
                note: format!("the agent asks: {question}"),
            };
        }
        let mut choices: Vec<_> = options
            .iter()
            .map(|option| {
                let reply = Answer::Reply {
                    text: option.clone(),
                };
                once(option, Meant::Once(reply))
            })
            .collect();
        choices.push(no("None of these"));
        let fields = ToolCallUpdateFields::new()
            .title(question)
            .content(vec![text(question)]);
        let call = self.call.unwrap_or(self.id).to_owned();
        self.choice(ToolCallUpdate::new(call, fields), choices)
    }

    fn form(
        &self,
        message: String,
        schema: agent_client_protocol::v1::schema::ElicitationSchema,
        kind: Elicited,
    ) -> Question {
        let mode = ElicitationFormMode::new(self.scope(kind), schema);
        Question::Elicitation {
            request: Box::new(CreateElicitationRequest::new(mode, message)),
            kind,
        }
    }

    fn link(&self, server: &str, message: &str, url: &str, host: &str) -> Question {
        let about = format!("{server}: {message}\n\nThe address leads to the host {host}.");
        if self.features.links {
            let kind = Elicited::Link;
            let id = ElicitationId::new(self.id);
            let mode = ElicitationUrlMode::new(self.scope(kind), id, url);
            return Question::Elicitation {
                request: Box::new(CreateElicitationRequest::new(mode, about)),
                kind,
            };
        }
        let fields = ToolCallUpdateFields::new()
            .title(format!("{server} asks you to go to an address"))
            .content(vec![text(&format!("{about}\n\n{url}"))]);
        self.choice(
            ToolCallUpdate::new(self.id.to_owned(), fields),
            vec![
                once("I go there", Meant::Once(Answer::Allow { remember: None })),
                no("Decline"),
            ],
        )
    }

    fn scope(&self, kind: Elicited) -> ElicitationSessionScope {
        let scope = ElicitationSessionScope::new(self.session.clone());
        match (kind, self.call) {
            (Elicited::Reply, Some(call)) => {
                scope.tool_call_id(agent_client_protocol::v1::schema::ToolCallId::new(call))
            }
            _ => scope,
        }
    }
}

/// Offers a call: once, by rules that are remembered, or not.
fn permission(suggestions: &[RuleSuggestion]) -> Vec<(String, PermissionOptionKind, Meant)> {
    let mut options = vec![once("Allow", Meant::Once(Answer::Allow { remember: None }))];
    for suggestion in suggestions.iter().take(MAX_RULES) {
        for (scope, where_to) in [
            (RuleScope::Session, "in this session"),
            (RuleScope::Project, "in this folder"),
            (RuleScope::User, "everywhere"),
        ] {
            let remember = RememberedRule {
                rules: suggestion.rules.clone(),
                scope,
            };
            options.push(always(
                format!("Always allow {} {where_to}", suggestion.label),
                Meant::Once(Answer::Allow {
                    remember: Some(remember),
                }),
            ));
        }
    }
    options.push(no("Reject"));
    options.push(never("Reject in this session"));
    options
}

fn once(name: &str, meant: Meant) -> (String, PermissionOptionKind, Meant) {
    (name.to_owned(), PermissionOptionKind::AllowOnce, meant)
}

fn always(name: String, meant: Meant) -> (String, PermissionOptionKind, Meant) {
    (name, PermissionOptionKind::AllowAlways, meant)
}

fn no(name: &str) -> (String, PermissionOptionKind, Meant) {
    let meant = Meant::Once(Answer::Deny { instead: None });
    (name.to_owned(), PermissionOptionKind::RejectOnce, meant)
}

fn never(name: &str) -> (String, PermissionOptionKind, Meant) {
    let kind = PermissionOptionKind::RejectAlways;
    (name.to_owned(), kind, Meant::Never)
}

fn text(text: &str) -> ToolCallContent {
    ToolCallContent::Content(Content::new(ContentBlock::Text(TextContent::new(text))))
}

/// Returns what was chosen; none when the turn was stopped instead.
///
/// # Errors
///
/// When the editor has chosen something that was not offered.
pub(crate) fn chosen(
    response: &RequestPermissionResponse,
    answers: &[(String, Meant)],
) -> Result<Option<Meant>, String> {
    let RequestPermissionOutcome::Selected(selected) = &response.outcome else {
        return Ok(None);
    };
    let id = &*selected.option_id.0;
    let found = answers.iter().find(|(known, _)| known == id);
    match found {
        Some((_, meant)) => Ok(Some(meant.clone())),
        None => Err(format!("the editor chose {id:?}, which was not offered")),
    }
}

/// Returns what was filled in.
pub(crate) fn elicited(response: CreateElicitationResponse, kind: Elicited) -> Answer {
    match (response.action, kind) {
        (ElicitationAction::Accept(_), Elicited::Link) => Answer::Allow { remember: None },
        (ElicitationAction::Accept(accept), kind) => {
            let values = forms::values(accept.content.unwrap_or_default());
            match kind {
                Elicited::Form => Answer::Submit { values },
                _ => forms::reply(&values),
            }
        }
        (ElicitationAction::Decline, _) | (_, Elicited::Reply) => Answer::Deny { instead: None },
        _ => Answer::Dismiss,
    }
}

/// Returns the answer of somebody who does not answer.
pub(crate) fn unanswered(inquiry: &Inquiry) -> Answer {
    match inquiry {
        Inquiry::Form { .. } | Inquiry::Link { .. } => Answer::Dismiss,
        _ => Answer::Deny { instead: None },
    }
}

/// Tells whether a value is a text with something in it.
fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests;
