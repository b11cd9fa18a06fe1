//! The points of a thread, and what going back to one did, for the person.

use std::fmt::Write as _;

use loom_cli_rewind::{FileSummary, KeptFile, KeptReason, Point, PointKind, RestoreReport};
use loom_cli_session::RestoreScope;
use loom_common_spool::ChangeKind;

/// Files of a point that are named.
const MAX_FILES: usize = 4;

/// Lists points, the oldest first.
pub(crate) fn listing(points: &[Point]) -> String {
    if points.is_empty() {
        return "there are no points yet\n".to_owned();
    }
    let mut text = String::new();
    for point in points {
        let what = match &point.kind {
            PointKind::Turn { label } => format!("before: {label}"),
            PointKind::Call { label, .. } => format!("  before {label}"),
            PointKind::Restore { to } => format!("before going back to {to}"),
        };
        // Writing to a string cannot fail.
        let _ = write!(text, "{:>4}  {}  {what}", point.number, time(point));
        if point.is_undone {
            text.push_str("  (undone)");
        }
        if !point.changes.is_empty() {
            let _ = write!(text, "  [{}]", files(&point.changes));
        }
        text.push('\n');
    }
    text
}

/// Returns the point before the last turn that was not undone yet.
pub(crate) fn last_turn(points: &[Point]) -> Option<u64> {
    let is_turn = |point: &&Point| matches!(point.kind, PointKind::Turn { .. });
    let mut standing = points.iter().rev().filter(|point| !point.is_undone);
    standing.find(is_turn).map(|point| point.number)
}

/// Says what going back did.
pub(crate) fn restored(report: &RestoreReport, scope: RestoreScope) -> String {
    let mut text = match scope {
        RestoreScope::Conversation => format!("the conversation is back at point {}", report.to),
        RestoreScope::Files => format!("the files are back at point {}", report.to),
        RestoreScope::Everything => {
            format!("files and conversation are back at point {}", report.to)
        }
    };
    if scope != RestoreScope::Conversation {
        let _ = match report.restored.is_empty() {
            true => write!(text, "; no file had to be changed"),
            false => write!(text, ": {}", files(&report.restored)),
        };
    }
    text.push('\n');
    for kept in &report.kept {
        let _ = writeln!(text, "left as it is: {} ({})", kept.path, kept.reason);
    }
    if scope != RestoreScope::Conversation && report.kept.iter().any(is_in_doubt) {
        let _ = writeln!(
            text,
            "`loom rewind --to {} --files --force` takes those back, too",
            report.to
        );
    }
    for running in &report.running {
        let _ = writeln!(
            text,
            "still running: {running} (what it changes from now on stays)"
        );
    }
    if let Some(undo) = report.undo {
        let _ = writeln!(text, "/rewind {undo} undoes this");
    }
    text
}

/// Tells whether a file was left as it is only because it may be somebody else's.
fn is_in_doubt(kept: &KeptFile) -> bool {
    !matches!(kept.reason, KeptReason::NotRestored(_))
}

fn time(point: &Point) -> String {
    let zoned = point.at.to_zoned(jiff::tz::TimeZone::system());
    zoned.strftime("%H:%M:%S").to_string()
}

fn files(files: &[FileSummary]) -> String {
    let mut names: Vec<String> = files
        .iter()
        .take(MAX_FILES)
        .map(|file| {
            let sign = match file.kind {
                ChangeKind::Added => "+",
                ChangeKind::Modified => "~",
                ChangeKind::Deleted => "-",
            };
            format!("{sign}{}", file.path)
        })
        .collect();
    if files.len() > MAX_FILES {
        names.push(format!("and {} more", files.len() - MAX_FILES));
    }
    names.join(", ")
}
