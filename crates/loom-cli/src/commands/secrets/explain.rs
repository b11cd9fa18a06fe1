//! `loom secrets rules` and `explain`: what is looked for.

use loom_redact::{RuleInfo, Rules};
use serde_json::json;

use super::{Surroundings, rules};
use crate::arguments::RulesArgument;
use crate::commands::{print, print_json};
use crate::error::CliError;
use crate::redaction::secret_variables;
use crate::render::sanitize;

/// What to do about a finding.
pub(super) const ADVICE: &str = "\
If it is real: revoke it where it was issued and make a new one. Taking it out of the file does not
help those who have a copy, nor does taking it out of the history (git filter-repo), though both
keep others from finding it. Keep the new one where git does not look.
If it is none, such as an example: put `loom:allow` into a comment on its line, add an allow list
to .loom/secrets.toml, or take it into a baseline (--baseline FILE --write-baseline).
";

pub(super) async fn list(
    surroundings: &Surroundings,
    asked: &RulesArgument,
    as_json: bool,
) -> Result<(), CliError> {
    let repository = surroundings.repository().await.unwrap_or_default();
    let rules = rules(surroundings, asked, repository.as_ref())?.rules;
    if as_json {
        let rules: Vec<_> = rules.iter().map(|rule| value(&rule)).collect();
        return print_json(&rules);
    }
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    let mut text = String::new();
    for rule in rules.iter() {
        text.push_str(format!("{:width$}  {}", rule.id, rule.description).trim_end());
        text.push('\n');
    }
    print(&sanitize(&text))
}

pub(super) async fn explain(
    surroundings: &Surroundings,
    asked: &RulesArgument,
    id: &str,
) -> Result<(), CliError> {
    let repository = surroundings.repository().await.unwrap_or_default();
    let rules = rules(surroundings, asked, repository.as_ref())?.rules;
    let Some(rule) = rules.iter().find(|rule| rule.id == id) else {
        if secret_variables(&surroundings.environment).any(|(name, _)| name == id) {
            let text = "The value of the variable of the environment with this name.";
            return print(&format!("{id}\n\n{text}\n\n{ADVICE}"));
        }
        return Err(unknown(&rules, id));
    };
    let mut text = format!("{}\n\n{}\n", rule.id, rule.description);
    let keywords = keywords(&rule);
    if !keywords.is_empty() {
        text.push_str(&format!("\nkeywords  {}\n", keywords.join(", ")));
    }
    if !rule.tags.is_empty() {
        text.push_str(&format!("tags      {}\n", rule.tags.join(", ")));
    }
    text.push('\n');
    text.push_str(ADVICE);
    print(&sanitize(&text))
}

/// Makes the error for a rule that does not exist, with the one that was perhaps meant.
pub(super) fn unknown(rules: &Rules, id: &str) -> CliError {
    let near = rules
        .iter()
        .map(|rule| (strsim::damerau_levenshtein(rule.id, id), rule.id))
        .chain(
            rules
                .iter()
                .filter(|rule| id.len() > 2 && rule.id.contains(id))
                .map(|rule| (2, rule.id)),
        )
        .filter(|(distance, _)| *distance <= 3)
        .min();
    let error = CliError::usage(format!("there is no rule `{id}`"));
    match near {
        Some((_, near)) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`loom secrets rules` lists them"),
    }
}

fn value(rule: &RuleInfo<'_>) -> serde_json::Value {
    json!({
        "id": rule.id,
        "description": rule.description,
        "keywords": keywords(rule),
        "tags": rule.tags,
    })
}

fn keywords(rule: &RuleInfo<'_>) -> Vec<String> {
    let keywords = rule.keywords.iter();
    keywords
        .map(|keyword| String::from_utf8_lossy(keyword).into_owned())
        .collect()
}
