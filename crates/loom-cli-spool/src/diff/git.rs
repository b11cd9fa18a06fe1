//! Comparisons as patches in git's format (git-diff(1), "Generating patch text with -p").

use loom_common_spool::repository::{EntryKind, Hunk, HunkLineKind, hunks};

use super::{FileDiff, Lines, Version};
use crate::page::Page;
use crate::palette;

/// The hash of what is not there.
const NO_HASH: &str = "0000000000";

pub(super) fn patch(page: &mut Page, file: &FileDiff, lines: Lines) {
    head(page, file);
    let [before, after] = file.contents();
    let same_content = match (&file.before, &file.after) {
        (Some(before), Some(after)) => before.hash == after.hash,
        _ => !file.is_binary() && before == after,
    };
    if same_content {
        return;
    }
    let name = |version: Option<&Version>, side: &str| {
        version.map_or_else(|| "/dev/null".to_owned(), |version| quoted(side, version))
    };
    let old = name(file.before.as_ref(), "a");
    let new = name(file.after.as_ref(), "b");
    if file.is_binary() {
        bold(page, &format!("Binary files {old} and {new} differ\n"));
        return;
    }
    bold(page, &format!("--- {old}\n+++ {new}\n"));
    for hunk in hunks(before, after, lines.context, lines.whitespace) {
        draw(page, &hunk);
    }
}

/// Writes what happened to the file itself.
fn head(page: &mut Page, file: &FileDiff) {
    let Some(known) = file.known_by() else {
        return;
    };
    let (old, new) = (file.before.as_ref().unwrap_or(known), known);
    bold(
        page,
        &format!("diff --git {} {}\n", quoted("a", old), quoted("b", new)),
    );
    let hash = |version: &Version| version.hash.get(..10).unwrap_or(NO_HASH).to_owned();
    match (&file.before, &file.after) {
        (None, Some(after)) => {
            let (mode, hash) = (mode(after), hash(after));
            bold(
                page,
                &format!("new file mode {mode}\nindex {NO_HASH}..{hash}\n"),
            );
        }
        (Some(before), None) => {
            let (mode, hash) = (mode(before), hash(before));
            bold(
                page,
                &format!("deleted file mode {mode}\nindex {hash}..{NO_HASH}\n"),
            );
        }
        (Some(before), Some(after)) => {
            let same_mode = mode(before) == mode(after);
            if !same_mode {
                let (old, new) = (mode(before), mode(after));
                bold(page, &format!("old mode {old}\nnew mode {new}\n"));
            }
            if file.moved().is_some() {
                let verb = if file.copied { "copy" } else { "rename" };
                let (old, new) = (quoted("", before), quoted("", after));
                bold(page, &format!("{verb} from {old}\n{verb} to {new}\n"));
            }
            if before.hash != after.hash {
                let mode = if same_mode { mode(after) } else { "" };
                let line = format!("index {}..{} {mode}", hash(before), hash(after));
                bold(page, &format!("{}\n", line.trim_end()));
            }
        }
        (None, None) => {}
    }
}

fn draw(page: &mut Page, hunk: &Hunk) {
    let place = |range: &std::ops::Range<usize>| {
        let start = if range.is_empty() {
            range.start
        } else {
            range.start + 1
        };
        format!("{start},{}", range.len())
    };
    let places = format!("@@ -{} +{} @@", place(&hunk.before), place(&hunk.after));
    page.say_in(palette::HUNK, &places).say("\n");
    for line in &hunk.lines {
        let (sign, plain, word) = match line.kind {
            HunkLineKind::Context => (" ", palette::PLAIN, palette::PLAIN),
            HunkLineKind::Removed => ("-", palette::REMOVED, palette::REMOVED_WORD),
            HunkLineKind::Added => ("+", palette::ADDED, palette::ADDED_WORD),
        };
        page.say_in(plain, sign);
        for (differs, content) in &line.parts {
            page.content_in(if *differs { word } else { plain }, content);
        }
        let whole = line
            .parts
            .last()
            .is_some_and(|(_, end)| end.ends_with(b"\n"));
        if !whole {
            page.say("\n\\ No newline at end of file\n");
        }
    }
}

fn bold(page: &mut Page, lines: &str) {
    for line in lines.lines() {
        page.show_in(palette::BOLD, line).say("\n");
    }
}

fn mode(version: &Version) -> &'static str {
    match version.kind {
        EntryKind::File { executable: true } => "100755",
        EntryKind::Link => "120000",
        EntryKind::Submodule => "160000",
        EntryKind::File { executable: false } | EntryKind::Tangle { .. } | EntryKind::Absent => {
            "100644"
        }
    }
}

/// Writes a path after `a/` or `b/`, in quotes when it has characters that git quotes
/// (git-config(1), `core.quotePath`).
fn quoted(side: &str, version: &Version) -> String {
    let path = match side {
        "" => version.path.clone(),
        _ => format!("{side}/{}", version.path),
    };
    let special = |byte: u8| byte < 0x20 || byte == 0x7f || byte == b'"' || byte == b'\\';
    if !path.bytes().any(special) {
        return path;
    }
    let mut text = String::from("\"");
    for character in path.chars() {
        match character {
            '\n' => text += "\\n",
            '\t' => text += "\\t",
            '\r' => text += "\\r",
            '"' => text += "\\\"",
            '\\' => text += "\\\\",
            _ if u8::try_from(character).is_ok_and(special) => {
                text += &format!("\\{:03o}", u32::from(character));
            }
            _ => text.push(character),
        }
    }
    text + "\""
}
