//! Rules as they are matched: from the text of rule files to something that can be run.

pub(crate) mod anchor;
pub(crate) mod compile;
pub(crate) mod dialect;
pub(crate) mod document;
pub(crate) mod index;
pub(crate) mod table;

use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use crate::allow::AllowList;
use crate::builtin;
use crate::error::RuleError;
use crate::finding::Origin;
use anchor::Plan;
use compile::Expression;
use document::{Document, RequiredText, RuleText};
use index::{Index, LONGEST_KEYWORD};

/// How often a rule file may extend another one.
const DEEPEST_EXTENSION: usize = 4;

/// A set of rules and allow lists, ready to be run; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Rules(pub(crate) Arc<RuleSet>);

#[derive(Debug, Default)]
pub(crate) struct RuleSet {
    pub(crate) rules: Vec<Rule>,
    pub(crate) allowlists: Vec<AllowList>,
    pub(crate) index: Index,
    warnings: Vec<String>,
    /// What the rules were made of, for those that extend them.
    texts: Vec<RuleText>,
    allow_texts: Vec<document::AllowText>,
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) tags: Vec<String>,
    /// None for a rule that is about paths only.
    pub(crate) regex: Option<Expression>,
    pub(crate) plan: Plan,
    pub(crate) path: Option<Expression>,
    pub(crate) secret_group: Option<usize>,
    pub(crate) entropy: Option<f64>,
    /// In lower case.
    pub(crate) keywords: Vec<Vec<u8>>,
    pub(crate) allowlists: Vec<AllowList>,
    pub(crate) required: Vec<Required>,
    pub(crate) skip_report: bool,
    /// A rule that knows no service gives way to one that does.
    pub(crate) generic: bool,
}

/// Another rule that must have found something nearby.
#[derive(Debug)]
pub(crate) struct Required {
    pub(crate) rule: usize,
    pub(crate) within_lines: Option<u64>,
    pub(crate) within_columns: Option<u64>,
}

/// What is known of a rule to those who list or report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleInfo<'a> {
    /// The id, unique in its set.
    pub id: &'a str,
    /// What the rule is about.
    pub description: &'a str,
    /// The words one of which must stand in or near a match, in lower case.
    pub keywords: &'a [Vec<u8>],
    /// The rule's tags.
    pub tags: &'a [String],
}

impl Rules {
    /// Returns Loom's own rules; they are read when first asked for.
    pub fn builtin() -> &'static Self {
        static BUILTIN: OnceLock<Rules> = OnceLock::new();
        BUILTIN.get_or_init(|| {
            // A test reads every file, so an error cannot leave this repository.
            Self::read_builtin().unwrap_or_default()
        })
    }

    /// Reads Loom's own rules, for the test of them.
    ///
    /// # Errors
    ///
    /// As [`Rules::parse`].
    pub fn read_builtin() -> Result<Self, RuleError> {
        let mut all = Document::default();
        for (name, text) in builtin::FILES {
            let document = Document::parse(text, name)?;
            all.rules.extend(document.rules);
            all.allowlists.extend(document.allowlists);
            all.warnings.extend(document.warnings);
        }
        Self::build(all)
    }

    /// Reads a rule file in gitleaks' format; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// When the file is no TOML, a field has a wrong value, an expression does not compile or is too large, or
    /// `[extend]` names another file: that needs [`Rules::parse_with`].
    pub fn parse(text: &str, name: &str) -> Result<Self, RuleError> {
        Self::parse_with(text, name, &mut |_| {
            Err("other files cannot be read here".to_owned())
        })
    }

    /// Reads a rule file and those that it extends; `read` gives the text of a path named in `[extend]`.
    ///
    /// # Errors
    ///
    /// As [`Rules::parse`], and when a file that is extended cannot be read or extends too many others.
    pub fn parse_with(
        text: &str,
        name: &str,
        read: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Self, RuleError> {
        let document = Document::parse(text, name)?;
        Self::build(extended(document, name, read, 0)?)
    }

    fn build(document: Document) -> Result<Self, RuleError> {
        let mut texts: Vec<RuleText> = Vec::new();
        let mut ids = HashSet::new();
        for rule in document.rules {
            if !ids.insert(rule.id.clone()) {
                return Err(field_error(
                    &rule,
                    "its id is taken by another rule".to_owned(),
                ));
            }
            texts.push(rule);
        }
        let rules = texts
            .iter()
            .map(|text| Rule::new(text, &texts))
            .collect::<Result<Vec<_>, _>>()?;
        let allowlists = document
            .allowlists
            .iter()
            .map(AllowList::new)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Arc::new(RuleSet {
            index: Index::new(&rules),
            rules,
            allowlists,
            warnings: document.warnings,
            texts,
            allow_texts: document.allowlists,
        })))
    }

    /// Returns the number of rules.
    pub fn len(&self) -> usize {
        self.0.rules.len()
    }

    /// Returns whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.0.rules.is_empty()
    }

    /// Lists the rules in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = RuleInfo<'_>> {
        self.0.rules.iter().map(|rule| RuleInfo {
            id: &rule.id,
            description: &rule.description,
            keywords: &rule.keywords,
            tags: &rule.tags,
        })
    }

    /// Returns what was odd in the files, such as unknown fields: one line each, with file and line number.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Returns whether allow lists leave everything of that origin out, so that it need not be read.
    pub fn allows_origin(&self, origin: Origin<'_>) -> bool {
        self.0
            .allowlists
            .iter()
            .any(|list| list.target_rules.is_empty() && list.allows_origin(origin))
    }
}

impl Rule {
    fn new(text: &RuleText, all: &[RuleText]) -> Result<Self, RuleError> {
        let place = format!("rule `{}`", text.id);
        let compile = |field: &str, expression: &Option<table::Located<String>>| {
            expression
                .as_ref()
                .map(|text_of| Expression::new(text_of, field, &text.file, &place))
                .transpose()
        };
        let (regex, path) = (compile("regex", &text.regex)?, compile("path", &text.path)?);
        if regex.is_none() && path.is_none() {
            return Err(field_error(
                text,
                "a rule needs a `regex` or a `path`".to_owned(),
            ));
        }
        let groups = regex
            .as_ref()
            .map_or(0, |regex| regex.hir().properties().explicit_captures_len());
        let secret_group = text.secret_group.filter(|group| *group > 0);
        if let Some(group) = secret_group.filter(|group| *group > groups) {
            return Err(field_error(
                text,
                format!("`secretGroup` is {group}, but the expression has {groups} groups"),
            ));
        }
        let keywords: Vec<Vec<u8>> = text
            .keywords
            .iter()
            .filter(|keyword| !keyword.is_empty())
            .map(|keyword| keyword.to_ascii_lowercase().into_bytes())
            .collect();
        if keywords
            .iter()
            .any(|keyword| keyword.len() > LONGEST_KEYWORD)
        {
            return Err(field_error(
                text,
                format!("a keyword may have at most {LONGEST_KEYWORD} bytes"),
            ));
        }
        Ok(Self {
            plan: regex
                .as_ref()
                .map_or(Plan::Everywhere, |regex| Plan::new(regex.hir(), &keywords)),
            keywords,
            id: text.id.clone(),
            description: text.description.clone().unwrap_or_default(),
            tags: text.tags.clone(),
            regex,
            path,
            secret_group,
            entropy: text.entropy.filter(|entropy| *entropy > 0.0),
            allowlists: text
                .allowlists
                .iter()
                .map(AllowList::new)
                .collect::<Result<_, _>>()?,
            required: text
                .required
                .iter()
                .map(|other| required(text, other, all))
                .collect::<Result<_, _>>()?,
            skip_report: text.skip_report,
            generic: text.id.starts_with("generic"),
        })
    }
}

impl Rule {
    /// Whether the rule is for that origin, as its path says.
    pub(crate) fn is_for(&self, origin: Origin<'_>) -> bool {
        let Some(path) = &self.path else { return true };
        origin
            .path
            .is_some_and(|at| path.regex().is_some_and(|regex| regex.is_match(at)))
    }
}

fn required(
    text: &RuleText,
    other: &RequiredText,
    all: &[RuleText],
) -> Result<Required, RuleError> {
    let rule = all
        .iter()
        .position(|rule| rule.id == other.id.value)
        .ok_or_else(|| {
            let reason = format!(
                "it requires the rule `{}`, which does not exist",
                other.id.value
            );
            RuleError::Field {
                file: text.file.clone(),
                line: other.id.line,
                rule: format!("rule `{}`", text.id),
                reason,
            }
        });
    let distance =
        |count: Option<usize>| count.map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    Ok(Required {
        rule: rule?,
        within_lines: distance(other.within_lines),
        within_columns: distance(other.within_columns),
    })
}

fn field_error(rule: &RuleText, reason: String) -> RuleError {
    RuleError::Field {
        file: rule.file.clone(),
        line: rule.line,
        rule: format!("rule `{}`", rule.id),
        reason,
    }
}

/// The document with all that it extends.
fn extended(
    document: Document,
    name: &str,
    read: &mut dyn FnMut(&str) -> Result<String, String>,
    depth: usize,
) -> Result<Document, RuleError> {
    let extend = document.extend.clone();
    let refuse = |target: &table::Located<String>, reason: String| RuleError::Extend {
        file: name.to_owned(),
        line: target.line,
        target: target.value.clone(),
        reason,
    };
    if let Some(url) = &extend.url {
        return Err(refuse(
            url,
            "rules are not fetched; download the file and use `path`".to_owned(),
        ));
    }
    let mut base = Document::default();
    if extend.use_default {
        let builtin = Rules::builtin();
        base.rules.clone_from(&builtin.0.texts);
        base.allowlists.clone_from(&builtin.0.allow_texts);
    }
    if let Some(path) = &extend.path {
        if depth == DEEPEST_EXTENSION {
            return Err(refuse(
                path,
                format!("files extend each other more than {DEEPEST_EXTENSION} times"),
            ));
        }
        let text = read(&path.value).map_err(|reason| refuse(path, reason))?;
        let other = extended(
            Document::parse(&text, &path.value)?,
            &path.value,
            read,
            depth + 1,
        )?;
        base = merged(base, other);
    }
    let disabled = |rule: &RuleText| extend.disabled_rules.iter().any(|id| id.value == rule.id);
    base.rules.retain(|rule| !disabled(rule));
    Ok(merged(base, document))
}

/// The base with what the document says anew: fields given replace, lists grow.
fn merged(mut base: Document, document: Document) -> Document {
    let inherited = base.rules.len();
    for mut rule in document.rules {
        let old = base.rules[..inherited]
            .iter_mut()
            .find(|old| old.id == rule.id);
        let Some(old) = old else {
            base.rules.push(rule);
            continue;
        };
        old.file = rule.file;
        old.line = rule.line;
        old.description = rule.description.or(old.description.take());
        old.regex = rule.regex.or(old.regex.take());
        old.path = rule.path.or(old.path.take());
        old.secret_group = rule.secret_group.or(old.secret_group);
        old.entropy = rule.entropy.or(old.entropy);
        old.skip_report |= rule.skip_report;
        old.keywords.append(&mut rule.keywords);
        old.tags.append(&mut rule.tags);
        old.allowlists.append(&mut rule.allowlists);
        old.required.append(&mut rule.required);
    }
    base.allowlists.extend(document.allowlists);
    base.warnings.extend(document.warnings);
    base
}
