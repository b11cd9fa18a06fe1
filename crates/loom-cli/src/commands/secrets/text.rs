//! Findings and summaries as people read them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use loom_cli_redact::{Leak, Report};

use super::explain::ADVICE;
use crate::render::sanitize;

const PATH: Style = Style::new().bold();
const PLACE: Style = Style::new().dimmed();
const RULE: Style = AnsiColor::Red.on_default();

/// The most notices of one kind.
const MOST: usize = 10;

/// Writes findings, grouped by file.
pub(super) fn findings(leaks: &[Leak]) -> String {
    let mut text = String::new();
    let is_same = |one: &Leak, next: &Leak| one.path == next.path && one.commit == next.commit;
    for leaks in leaks.chunk_by(is_same) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&format!("{PATH}{}{PATH:#}\n", shown(&leaks[0].path)));
        if let Some(commit) = &leaks[0].commit {
            let id = commit.id.get(..12).unwrap_or(&commit.id);
            let line = format!("commit {id} of {}, {}", commit.author, commit.date);
            text.push_str(&format!("  {PLACE}{}{PLACE:#}\n", one_line(&line)));
        }
        let places = leaks.iter().map(place);
        let place_width = places.map(|place| place.len()).max().unwrap_or(0);
        let rules = leaks.iter().map(|leak| leak.finding.rule.len());
        let rule_width = rules.max().unwrap_or(0);
        for leak in leaks {
            let excerpt = leak.excerpt.as_deref().unwrap_or_default();
            let place = place(leak);
            let rule = &leak.finding.rule;
            let line = format!(
                "  {PLACE}{place:place_width$}{PLACE:#}  {RULE}{rule:rule_width$}{RULE:#}  {}",
                one_line(excerpt.trim())
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
    text
}

fn place(leak: &Leak) -> String {
    format!("{}:{}", leak.finding.line, leak.finding.column)
}

/// What is said at the end of a scan.
pub(super) struct Summary<'a> {
    pub(super) report: &'a Report,
    /// What was counted, in the singular.
    pub(super) unit: &'static str,
    /// The file that the rules are from.
    pub(super) rules: Option<&'a Path>,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.report;
        for omission in report.omissions.iter().take(MOST) {
            let reason = one_line(&omission.reason.to_string());
            writeln!(formatter, "left out: {} {reason}", shown(&omission.path))?;
        }
        if let Some(more @ 1..) = report.omissions.len().checked_sub(MOST) {
            writeln!(formatter, "left out: {more} more; --format json lists all")?;
        }
        let unlisted = report.unlisted;
        if unlisted > 0 {
            writeln!(formatter, "{} more not listed", count(unlisted, "secret"))?;
        }
        let looked = format!("{}, {}", count(report.files, self.unit), size(report.bytes));
        if report.leaks.is_empty() {
            write!(formatter, "no secrets found in {looked}")?;
        } else {
            let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
            for leak in &report.leaks {
                *rules.entry(&leak.finding.rule).or_default() += 1;
            }
            let rules: Vec<_> = rules
                .iter()
                .map(|(rule, count)| format!("{rule} {count}"))
                .collect();
            let files: BTreeSet<_> = report.leaks.iter().map(|leak| &leak.path).collect();
            let secrets = count(report.leaks.len() as u64, "secret");
            let files = count(files.len() as u64, "file");
            writeln!(
                formatter,
                "{secrets} found in {files}: {}",
                rules.join(", ")
            )?;
            write!(formatter, "looked through {looked}")?;
        }
        let besides = [
            (report.binaries, "binary left out"),
            (report.known, "known by the baseline"),
            (report.allowed, "allowed by a comment"),
        ];
        for (count, what) in besides.iter().filter(|(count, _)| *count > 0) {
            write!(formatter, "; {count} {what}")?;
        }
        match self.rules {
            Some(file) => writeln!(formatter, "; rules of {}", shown(file))?,
            None => writeln!(formatter)?,
        }
        if !report.leaks.is_empty() {
            write!(formatter, "\n{ADVICE}")?;
        }
        Ok(())
    }
}

/// Counts things, as `1 file`, `2 files`.
pub(crate) fn count(count: u64, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}

fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

/// A path that does not disturb the terminal and stays on its line.
pub(super) fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}

fn one_line(text: &str) -> String {
    sanitize(text).replace(['\n', '\t'], " ")
}
