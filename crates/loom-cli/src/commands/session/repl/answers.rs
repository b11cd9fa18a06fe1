//! How what the person types becomes the answer to an inquiry.

use std::fmt::Write as _;

use loom_common_core::PermissionMode;
use loom_common_core::inquiry::{Answer, Inquiry, RememberedRule, RuleScope, RuleSuggestion};

use crate::render::{call_in_full, sanitize};

/// What a typed answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Answer(Answer),
    /// It makes no sense; what would.
    Unclear(String),
}

/// Renders what is asked, and the line to type the answer behind.
pub(super) fn ask(inquiry: &Inquiry) -> (String, String) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let question = match inquiry {
        Inquiry::Permission {
            name,
            arguments,
            reason,
            suggestions,
            ..
        } => {
            text.push_str(&call_in_full(name, arguments));
            let _ = writeln!(text, "why: {}", sanitize(reason));
            for (number, suggestion) in (1..).zip(suggestions) {
                let _ = writeln!(text, "  rule {number}: {}", sanitize(&suggestion.label));
            }
            match suggestions.is_empty() {
                true => "allow this? [y]es, [n]o, or say what to do instead: ".to_owned(),
                false => "allow this? [y]es, [n]o, always by rule N in this [s]ession, this \
                          [f]older or [e]verywhere (s1, f2, …), or say what to do instead: "
                    .to_owned(),
            }
        }
        Inquiry::Question { question, options } => {
            let _ = writeln!(text, "\nThe agent asks: {}", sanitize(question));
            for (number, option) in (1..).zip(options) {
                let _ = writeln!(text, "  {number}. {}", sanitize(option));
            }
            match options.is_empty() {
                true => "your answer: ".to_owned(),
                false => "a number, or your answer: ".to_owned(),
            }
        }
        Inquiry::Plan { plan } => {
            let _ = writeln!(text, "\nThe agent's plan:\n\n{}\n", sanitize(plan));
            "carry it out? [y]es in auto mode, [a]sking before each step, [n]o, or say what to \
             change: "
                .to_owned()
        }
    };
    (text, question)
}

/// Reads an answer.
pub(super) fn read(inquiry: &Inquiry, typed: &str) -> Typed {
    let typed = typed.trim();
    let word = typed.to_lowercase();
    Typed::Answer(match inquiry {
        Inquiry::Permission { suggestions, .. } => match word.as_str() {
            "y" | "yes" => Answer::Allow { remember: None },
            "" | "n" | "no" => Answer::Deny { instead: None },
            _ => match remembered(suggestions, &word) {
                Some(Ok(rule)) => Answer::Allow {
                    remember: Some(rule),
                },
                Some(Err(unclear)) => return Typed::Unclear(unclear),
                None => instead(typed),
            },
        },
        Inquiry::Question { options, .. } => {
            let chosen = word
                .parse::<usize>()
                .ok()
                .and_then(|number| options.get(number.checked_sub(1)?));
            match (chosen, typed) {
                (Some(option), _) => Answer::Reply {
                    text: option.clone(),
                },
                (None, "") => Answer::Deny { instead: None },
                (None, text) => Answer::Reply {
                    text: text.to_owned(),
                },
            }
        }
        Inquiry::Plan { .. } => match word.as_str() {
            "y" | "yes" => Answer::Approve {
                mode: PermissionMode::Auto,
            },
            "a" | "ask" => Answer::Approve {
                mode: PermissionMode::Ask,
            },
            "" | "n" | "no" => Answer::Deny { instead: None },
            _ => instead(typed),
        },
    })
}

fn instead(typed: &str) -> Answer {
    Answer::Deny {
        instead: Some(typed.to_owned()),
    }
}

/// Reads `s`, `f2`, `e1`: for what a rule is remembered, and which; none if it is nothing of the
/// kind.
fn remembered(
    suggestions: &[RuleSuggestion],
    word: &str,
) -> Option<Result<RememberedRule, String>> {
    let (scope, number) = word.split_at_checked(1)?;
    let scope = match scope {
        "s" => RuleScope::Session,
        "f" => RuleScope::Project,
        "e" => RuleScope::User,
        _ => return None,
    };
    let number: usize = match number {
        "" => 1,
        number => number.parse().ok()?,
    };
    let suggestion = number
        .checked_sub(1)
        .and_then(|index| suggestions.get(index));
    Some(match suggestion {
        Some(suggestion) => Ok(RememberedRule {
            rules: suggestion.rules.clone(),
            scope,
        }),
        None => Err(match suggestions.len() {
            0 => "there is no rule for this; answer y or n".to_owned(),
            count => format!("there is no rule {number}; the rules are 1 to {count}"),
        }),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn permission() -> Inquiry {
        let suggestion = |rule: &str| RuleSuggestion {
            rules: vec![rule.to_owned()],
            label: format!("calls of {rule}"),
        };
        Inquiry::Permission {
            tool_call: "item_1".to_owned(),
            name: "bash".to_owned(),
            arguments: json!({"command": "cargo test"}),
            reason: "ask mode asks".to_owned(),
            suggestions: vec![suggestion("bash(cargo test)"), suggestion("bash(cargo *)")],
        }
    }

    #[test]
    fn a_permission_is_given_refused_remembered_or_answered_in_words() {
        let allow = |rule: &str, scope| {
            Typed::Answer(Answer::Allow {
                remember: Some(RememberedRule {
                    rules: vec![rule.to_owned()],
                    scope,
                }),
            })
        };
        let deny = |instead: Option<&str>| {
            Typed::Answer(Answer::Deny {
                instead: instead.map(str::to_owned),
            })
        };
        let cases = [
            ("y", Typed::Answer(Answer::Allow { remember: None })),
            ("YES ", Typed::Answer(Answer::Allow { remember: None })),
            ("", deny(None)),
            ("n", deny(None)),
            ("s", allow("bash(cargo test)", RuleScope::Session)),
            ("f2", allow("bash(cargo *)", RuleScope::Project)),
            ("e1", allow("bash(cargo test)", RuleScope::User)),
            (
                "e3",
                Typed::Unclear("there is no rule 3; the rules are 1 to 2".to_owned()),
            ),
            ("first run the linter", deny(Some("first run the linter"))),
            ("fix it", deny(Some("fix it"))),
        ];
        for (typed, expected) in cases {
            assert_eq!(read(&permission(), typed), expected, "{typed}");
        }
    }

    #[test]
    fn a_question_is_answered_by_number_or_in_words() {
        let question = Inquiry::Question {
            question: "Which?".to_owned(),
            options: vec!["red".to_owned(), "blue".to_owned()],
        };
        let reply = |text: &str| {
            Typed::Answer(Answer::Reply {
                text: text.to_owned(),
            })
        };
        assert_eq!(read(&question, "2"), reply("blue"));
        assert_eq!(read(&question, "3"), reply("3"));
        assert_eq!(read(&question, " green "), reply("green"));
        assert_eq!(
            read(&question, ""),
            Typed::Answer(Answer::Deny { instead: None })
        );
    }

    #[test]
    fn what_is_asked_is_shown_with_its_reason_and_the_rules() {
        let (text, _) = ask(&permission());
        insta::assert_snapshot!(text);
    }
}
