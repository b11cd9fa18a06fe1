//! Comparisons as counts of lines.

use loom_common_spool::repository::{LineStats, line_stats};

use super::listing::{name, one_line};
use super::{FileDiff, Lines};
use crate::page::Page;
use crate::palette;
use crate::workbench::counted;

/// The least room for bars, in columns.
const BARS: usize = 10;

/// Counts of the lines that changed in each file.
#[derive(Default)]
pub(super) struct Histogram {
    /// Names, and the counts of those that have lines.
    files: Vec<(String, Option<LineStats>)>,
}

impl Histogram {
    /// Counts the lines of a file.
    pub(super) fn count(&mut self, file: &FileDiff, lines: Lines) {
        let [before, after] = file.contents();
        let stats = (!file.is_binary()).then(|| line_stats(before, after, lines.whitespace));
        self.files.push((one_line(&name(file)), stats));
    }

    /// Draws names, counts, a bar for each, and the sum.
    pub(super) fn draw(&self, page: &mut Page) {
        let counts = || self.files.iter().filter_map(|(_, stats)| *stats);
        let most = counts().map(|stats| stats.added + stats.removed).max();
        let most = most.unwrap_or(0);
        let digits = most.to_string().len();
        let width = page.looks().width;
        let longest = self.files.iter().map(|(name, _)| name.chars().count());
        let room = width.saturating_sub(digits + 4 + BARS).max(BARS);
        let names = longest.max().unwrap_or(0).min(room);
        let bars = width.saturating_sub(names + digits + 4).max(BARS);
        for (name, stats) in &self.files {
            let name = shortened(name, names);
            page.show(&format!("{name:names$} | "));
            let Some(stats) = stats else {
                page.say("(binary)\n");
                continue;
            };
            page.say(&format!("{:>digits$}", stats.added + stats.removed));
            let (added, removed) = bar(stats.added, stats.removed, most, bars);
            if added + removed > 0 {
                page.say(" ")
                    .say_in(palette::ADDED, &"+".repeat(added))
                    .say_in(palette::REMOVED, &"-".repeat(removed));
            }
            page.say("\n");
        }
        page.say(&format!(
            "{} changed, {}(+), {}(-)\n",
            counted(self.files.len(), "file"),
            counted(counts().map(|stats| stats.added).sum(), "insertion"),
            counted(counts().map(|stats| stats.removed).sum(), "deletion"),
        ));
    }
}

/// Scales a bar so that the longest one fits. What is there stays visible.
fn bar(added: usize, removed: usize, most: usize, room: usize) -> (usize, usize) {
    if most <= room {
        return (added, removed);
    }
    let scaled = |count: usize| (count * room / most).max(usize::from(count > 0));
    let added = scaled(added);
    (added, scaled(removed).min((room - added.min(room)).max(1)))
}

/// Keeps the end of a name, which tells more than its beginning.
fn shortened(name: &str, room: usize) -> String {
    let length = name.chars().count();
    if length <= room {
        return name.to_owned();
    }
    let end: String = name.chars().skip(length + 3 - room).collect();
    format!("...{end}")
}
