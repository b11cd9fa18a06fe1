//! How what the person types becomes the answer to an inquiry.

use std::fmt::Write as _;

use loom_common_core::PermissionMode;
use loom_common_core::inquiry::{Answer, Inquiry, RememberedRule, RuleScope, RuleSuggestion};

use super::forms::{Filled, Form, in_line, quoted};
use crate::render::{call_in_full, sanitize};

/// What a typed answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    Answer(Answer),
    /// More is to be asked; this is to be shown before.
    Further(String),
}

/// A question that the person is at.
pub(super) struct Asking {
    inquiry: Inquiry,
    question: String,
    /// As far as it is filled in, when it is one.
    form: Option<Form>,
}

impl Asking {
    /// Begins a question, and renders what is asked.
    pub(super) fn begin(inquiry: Inquiry) -> (Self, String) {
        let (text, question, form) = match &inquiry {
            Inquiry::Form {
                server,
                message,
                fields,
            } => {
                let form = Form::new(fields.clone());
                let text = form.introduction(server, message);
                (text, String::new(), Some(form))
            }
            inquiry => {
                let (text, question) = ask(inquiry);
                (text, question, None)
            }
        };
        let asking = Self {
            inquiry,
            question,
            form,
        };
        (asking, text)
    }

    /// Returns the line to type the answer behind.
    pub(super) fn question(&self) -> String {
        match &self.form {
            Some(form) => form.question(),
            None => self.question.clone(),
        }
    }

    /// Reads a line.
    pub(super) fn read(&mut self, typed: &str) -> Typed {
        match &mut self.form {
            Some(form) => match form.take(typed) {
                Filled::Further(text) => Typed::Further(text),
                Filled::Done(answer) => Typed::Answer(answer),
            },
            None => read(&self.inquiry, typed),
        }
    }
}

/// Renders what is asked, and the line to type the answer behind.
fn ask(inquiry: &Inquiry) -> (String, String) {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let question =
        match inquiry {
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
            Inquiry::Hosts { hosts, .. } => {
                text.push_str("\nThe sandbox has refused hosts to commands:\n");
                for (number, host) in (1..).zip(hosts) {
                    let _ = writeln!(text, "  {number}. {}", sanitize(host));
                }
                match hosts.len() {
                1 => "let commands reach it? [y]es in this session, [a]lways, [n]o: ".to_owned(),
                _ => "let commands reach them? [y]es in this session, [a]lways, [n]o (y1, a2: only \
                      that one): "
                    .to_owned(),
            }
            }
            Inquiry::Link {
                server,
                message,
                url,
                host,
            } => {
                let _ = writeln!(
                    text,
                    "\nThe server of tools {} asks you to go to an address:\n{}{}\nIt leads to the \
                 host {}. Loom does not open it; what you do there is between you and that host.",
                    in_line(server),
                    quoted(message),
                    in_line(url),
                    in_line(host)
                );
                "do you go there? [y]es, [n]o, or [c]ancel to put it away: ".to_owned()
            }
            // Filled in by itself.
            Inquiry::Form { .. } => String::new(),
        };
    (text, question)
}

/// Reads an answer.
fn read(inquiry: &Inquiry, typed: &str) -> Typed {
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
                Some(Err(unclear)) => return Typed::Further(unclear),
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
        Inquiry::Hosts { hosts, .. } => match allowed_hosts(hosts, &word) {
            Some(answer) => answer,
            None => return unclear(typed),
        },
        Inquiry::Link { .. } => match word.as_str() {
            "y" | "yes" => Answer::Allow { remember: None },
            "n" | "no" => Answer::Deny { instead: None },
            "c" | "cancel" => Answer::Dismiss,
            _ => return unclear(typed),
        },
        Inquiry::Form { .. } => return unclear(typed),
    })
}

fn unclear(typed: &str) -> Typed {
    Typed::Further(format!("{:?} is none of these", sanitize(typed)))
}

/// Reads `y`, `a`, `n`, and `y1`, `a2`: for how long hosts are allowed, and which.
fn allowed_hosts(hosts: &[String], word: &str) -> Option<Answer> {
    if matches!(word, "" | "n" | "no") {
        return Some(Answer::Deny { instead: None });
    }
    let (word, number) = match word.split_at_checked(1) {
        Some((first, number)) if number.starts_with(|c: char| c.is_ascii_digit()) => {
            (first, number)
        }
        _ => (word, ""),
    };
    let scope = match word {
        "y" | "yes" => RuleScope::Session,
        "a" | "always" => RuleScope::User,
        _ => return None,
    };
    let rules = match number {
        "" => hosts.to_vec(),
        number => vec![
            hosts
                .get(number.parse::<usize>().ok()?.checked_sub(1)?)?
                .clone(),
        ],
    };
    Some(Answer::Allow {
        remember: Some(RememberedRule { rules, scope }),
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
                Typed::Further("there is no rule 3; the rules are 1 to 2".to_owned()),
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
    fn hosts_are_allowed_for_the_session_or_always_all_or_one() {
        let hosts = ["a.test", "b.test:8443"].map(str::to_owned);
        let inquiry = Inquiry::Hosts {
            tool_call: "item_1".to_owned(),
            hosts: hosts.to_vec(),
        };
        let allow = |hosts: &[&str], scope| {
            Typed::Answer(Answer::Allow {
                remember: Some(RememberedRule {
                    rules: hosts.iter().map(ToString::to_string).collect(),
                    scope,
                }),
            })
        };
        let both = ["a.test", "b.test:8443"];
        for (typed, expected) in [
            ("y", allow(&both, RuleScope::Session)),
            ("Always", allow(&both, RuleScope::User)),
            ("y2", allow(&["b.test:8443"], RuleScope::Session)),
            ("a1", allow(&["a.test"], RuleScope::User)),
            ("", Typed::Answer(Answer::Deny { instead: None })),
            ("n", Typed::Answer(Answer::Deny { instead: None })),
            ("y3", Typed::Further("\"y3\" is none of these".to_owned())),
            ("x", Typed::Further("\"x\" is none of these".to_owned())),
        ] {
            assert_eq!(read(&inquiry, typed), expected, "{typed}");
        }
        insta::assert_snapshot!(ask(&inquiry).0);
    }

    #[test]
    fn an_address_is_shown_whole_with_its_host() {
        let link = Inquiry::Link {
            server: "issues".to_owned(),
            message: "Log in first.".to_owned(),
            url: "https://example.com/login?x=1".to_owned(),
            host: "example.com".to_owned(),
        };
        insta::assert_snapshot!(ask(&link).0);
        assert_eq!(
            read(&link, "y"),
            Typed::Answer(Answer::Allow { remember: None })
        );
        assert_eq!(read(&link, "c"), Typed::Answer(Answer::Dismiss));
    }

    #[test]
    fn what_is_asked_is_shown_with_its_reason_and_the_rules() {
        let (text, _) = ask(&permission());
        insta::assert_snapshot!(text);
    }
}
