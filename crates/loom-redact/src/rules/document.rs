//! A rule file as it is written: gitleaks' TOML, old and new spellings, nothing compiled yet.

use toml::de::DeTable;

use super::table::{Located, Source, Table};
use crate::error::RuleError;

/// The largest rule file, in bytes; upstream's own has about 100 KB.
const LARGEST_FILE: usize = 4 << 20;
/// The most rules in one file.
const MOST_RULES: usize = 10_000;

#[derive(Debug, Clone, Default)]
pub(crate) struct Document {
    pub(crate) rules: Vec<RuleText>,
    pub(crate) allowlists: Vec<AllowText>,
    pub(crate) extend: Extend,
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Extend {
    pub(crate) use_default: bool,
    pub(crate) path: Option<Located<String>>,
    pub(crate) url: Option<Located<String>>,
    pub(crate) disabled_rules: Vec<Located<String>>,
}

#[derive(Debug, Clone)]
pub(crate) struct RuleText {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) id: String,
    pub(crate) description: Option<String>,
    pub(crate) regex: Option<Located<String>>,
    pub(crate) path: Option<Located<String>>,
    pub(crate) secret_group: Option<usize>,
    pub(crate) entropy: Option<f64>,
    pub(crate) keywords: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) allowlists: Vec<AllowText>,
    pub(crate) required: Vec<RequiredText>,
    pub(crate) skip_report: bool,
}

/// An allow list; the file and the place are kept for errors.
#[derive(Debug, Clone)]
pub(crate) struct AllowText {
    pub(crate) file: String,
    pub(crate) place: String,
    pub(crate) target_rules: Vec<String>,
    pub(crate) all: bool,
    pub(crate) commits: Vec<String>,
    pub(crate) paths: Vec<Located<String>>,
    pub(crate) regexes: Vec<Located<String>>,
    pub(crate) regex_target: Target,
    pub(crate) stopwords: Vec<String>,
}

/// What the expressions of an allow list are matched with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Target {
    #[default]
    Secret,
    Match,
    Line,
}

#[derive(Debug, Clone)]
pub(crate) struct RequiredText {
    pub(crate) id: Located<String>,
    pub(crate) within_lines: Option<usize>,
    pub(crate) within_columns: Option<usize>,
}

impl Document {
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self, RuleError> {
        let too_large = |what: &str, size, limit| RuleError::TooLarge {
            file: name.to_owned(),
            line: 1,
            rule: "the file".to_owned(),
            what: what.to_owned(),
            size,
            limit,
        };
        if text.len() > LARGEST_FILE {
            return Err(too_large(
                "the rule file (in bytes)",
                text.len(),
                LARGEST_FILE,
            ));
        }
        let source = Source {
            name,
            text,
            warnings: Vec::new().into(),
        };
        let root = DeTable::parse(text).map_err(|error| RuleError::Syntax {
            file: name.to_owned(),
            line: error.span().map_or(1, |span| source.line(span.start)),
            reason: error.message().to_owned(),
        })?;
        let document = Self::read(&source, root.get_ref())?;
        if document.rules.len() > MOST_RULES {
            return Err(too_large(
                "the number of rules",
                document.rules.len(),
                MOST_RULES,
            ));
        }
        Ok(Self {
            warnings: source.warnings.take(),
            ..document
        })
    }

    fn read(source: &Source<'_>, fields: &DeTable<'_>) -> Result<Self, RuleError> {
        let root = Table::new(source, "the file".to_owned(), 0, fields);
        for known in ["title", "description", "minVersion"] {
            root.text(known)?;
        }
        let mut extend = Extend::default();
        for mut table in root.tables("extend")? {
            "[extend]".clone_into(&mut table.place);
            extend = Extend {
                use_default: table.flag("useDefault")?,
                path: table.text("path")?,
                url: table.text("url")?,
                disabled_rules: table.texts("disabledRules")?,
            };
            table.warn_about_the_rest();
        }
        let mut rules = Vec::new();
        for mut table in root.tables("rules")? {
            "a rule without id".clone_into(&mut table.place);
            rules.push(RuleText::read(table)?);
        }
        let mut allowlists = Vec::new();
        for field in ["allowlist", "allowlists"] {
            for mut table in root.tables(field)? {
                table.place = format!("[{field}]");
                allowlists.push(AllowText::read(&table)?);
            }
        }
        root.warn_about_the_rest();
        Ok(Self {
            rules,
            allowlists,
            extend,
            warnings: Vec::new(),
        })
    }
}

impl RuleText {
    fn read(mut table: Table<'_>) -> Result<Self, RuleError> {
        let id = match table.text("id")? {
            Some(id) if !id.value.is_empty() => id.value,
            _ => return Err(table.wrong(table.line, "a rule needs an `id`".to_owned())),
        };
        // It stands in `[REDACTED:id]`, which must be told apart from the text around it.
        if id.len() > 100
            || !id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        {
            let reason =
                format!("the id {id:?} may have up to 100 letters, digits, `-`, `_` and `.` only");
            return Err(table.wrong(table.line, reason));
        }
        table.place = format!("rule `{id}`");
        let mut allowlists = Vec::new();
        for field in ["allowlist", "allowlists"] {
            for list in table.tables(field)? {
                allowlists.push(AllowText::read(&list)?);
            }
        }
        let mut required = Vec::new();
        for other in table.tables("required")? {
            let Some(id) = other.text("id")? else {
                return Err(other.wrong(
                    other.line,
                    "`required` needs the `id` of another rule".to_owned(),
                ));
            };
            required.push(RequiredText {
                id,
                within_lines: other.count("withinLines")?,
                within_columns: other.count("withinColumns")?,
            });
            other.warn_about_the_rest();
        }
        let rule = Self {
            file: table.source.name.to_owned(),
            line: table.line,
            description: table.text("description")?.map(|text| text.value),
            regex: table.text("regex")?,
            path: table.text("path")?,
            secret_group: table.count("secretGroup")?,
            entropy: table.number("entropy")?,
            keywords: values(table.texts("keywords")?),
            tags: values(table.texts("tags")?),
            allowlists,
            required,
            skip_report: table.flag("skipReport")?,
            id,
        };
        table.warn_about_the_rest();
        Ok(rule)
    }
}

impl AllowText {
    fn read(table: &Table<'_>) -> Result<Self, RuleError> {
        table.text("description")?;
        let all = match table
            .text("condition")?
            .as_ref()
            .map(|text| (text.line, text.value.to_ascii_uppercase()))
        {
            None => false,
            Some((_, word)) if word == "OR" || word == "||" || word.is_empty() => false,
            Some((_, word)) if word == "AND" || word == "&&" => true,
            Some((line, word)) => {
                return Err(table.wrong(
                    line,
                    format!("`condition` must be \"OR\" or \"AND\", not {word:?}"),
                ));
            }
        };
        let regex_target = match table.text("regexTarget")? {
            None => Target::Secret,
            Some(text) => match text.value.as_str() {
                "" | "secret" => Target::Secret,
                "match" => Target::Match,
                "line" => Target::Line,
                other => {
                    let reason = format!(
                        "`regexTarget` must be \"secret\", \"match\" or \"line\", not {other:?}"
                    );
                    return Err(table.wrong(text.line, reason));
                }
            },
        };
        let list = Self {
            file: table.source.name.to_owned(),
            place: table.place.clone(),
            target_rules: values(table.texts("targetRules")?),
            all,
            commits: values(table.texts("commits")?),
            paths: table.texts("paths")?,
            regexes: table.texts("regexes")?,
            regex_target,
            stopwords: values(table.texts("stopwords")?),
        };
        table.warn_about_the_rest();
        if list.commits.is_empty()
            && list.paths.is_empty()
            && list.regexes.is_empty()
            && list.stopwords.is_empty()
        {
            let reason =
                "an allow list needs `commits`, `paths`, `regexes` or `stopwords`".to_owned();
            return Err(table.wrong(table.line, reason));
        }
        Ok(list)
    }
}

fn values(texts: Vec<Located<String>>) -> Vec<String> {
    texts.into_iter().map(|text| text.value).collect()
}
