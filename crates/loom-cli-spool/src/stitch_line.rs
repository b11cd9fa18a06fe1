//! Stitches as people read them: on one line, with a head in a trace, or in full.

use anstyle::Style;
use jiff::Zoned;
use jiff::tz::TimeZone;
use loom_common_spool::repository::{OperationId, Person, Stitch, ThreadTrailers};

use crate::page::Page;
use crate::palette;

/// How many letters of an id are shown, unless it takes more to tell it from others.
const LETTERS: usize = 8;
/// How many letters of an operation's id are shown.
pub(crate) const OPERATION_LETTERS: usize = 12;

/// Adds what a trace shows of a stitch: ids, author, time and names, and below what it is about.
pub(crate) fn head(page: &mut Page, stitch: &Stitch, zone: &TimeZone) {
    stitch_id(page, stitch);
    if stitch.root {
        page.say(" ").say_in(palette::EMPTY, "root()");
    } else {
        page.say(" ");
        email(page, &stitch.author);
        page.say(" ");
        page.say_in(palette::TIME, &clock_time(&stitch.committer.time, zone));
    }
    names(page, stitch);
    page.say(" ");
    knot_id(page, stitch);
    for (label, style) in state(stitch) {
        page.say(" ").say_in(style, label);
    }
    if let Some(trailers) = ThreadTrailers::read(&stitch.description) {
        page.say(" ").show_in(palette::FAINT, &trailers.thread);
    }
    page.say("\n");
    if !stitch.root {
        subject(page, stitch);
        page.say("\n");
    }
}

/// Adds a stitch on one line: ids, names and what it is about.
pub(crate) fn line(page: &mut Page, stitch: &Stitch) {
    stitch_id(page, stitch);
    page.say(" ");
    knot_id(page, stitch);
    let before = page.len();
    names(page, stitch);
    if page.len() > before {
        page.say(" |");
    }
    for (label, style) in state(stitch) {
        page.say(" ").say_in(style, label);
    }
    page.say(" ");
    subject(page, stitch);
}

/// Adds all that is known of a stitch.
pub(crate) fn in_full(page: &mut Page, stitch: &Stitch, zone: &TimeZone) {
    page.say("Knot     : ")
        .say_in(palette::KNOT_ID, &stitch.knot.to_string())
        .say("\n");
    page.say("Stitch   : ")
        .say_in(palette::STITCH_ID, &stitch.id.to_string())
        .say("\n");
    let before = page.len();
    page.say("Pins     :");
    let empty = page.len();
    names(page, stitch);
    match page.len() == empty {
        true => page.truncate(before),
        false => {
            page.say("\n");
        }
    }
    for (label, person) in [
        ("Author   ", &stitch.author),
        ("Committer", &stitch.committer),
    ] {
        page.say(label).say(": ");
        match person.name.as_str() {
            "" => page.say_in(palette::MISSING, "(no name set)"),
            name => page.show_in(palette::PERSON, name),
        };
        page.say(" <");
        email(page, person);
        page.say("> (");
        page.say_in(palette::TIME, &clock_time(&person.time, zone))
            .say(")\n");
    }
    for (label, style) in state(stitch) {
        page.say("State    : ").say_in(style, label).say("\n");
    }
    page.say("\n");
    if stitch.description.is_empty() {
        page.say("    ");
        subject(page, stitch);
        page.say("\n");
    }
    for line in stitch.description.lines() {
        match line {
            "" => page.say("\n"),
            line => page.say("    ").show(line).say("\n"),
        };
    }
}

/// Adds what a stitch is about, as far as the first line says it.
pub(crate) fn subject(page: &mut Page, stitch: &Stitch) {
    if stitch.empty && !stitch.root {
        page.say_in(palette::EMPTY, "(empty)").say(" ");
    }
    match stitch.description.lines().next() {
        Some(line) => page.show(line),
        None if stitch.root => page.say_in(palette::EMPTY, "root()"),
        None => {
            let style = if stitch.empty {
                palette::EMPTY
            } else {
                palette::MISSING
            };
            page.say_in(style, "(no description set)")
        }
    };
}

/// Adds an operation's id, as far as it is shown.
pub(crate) fn operation_id(page: &mut Page, id: &OperationId) {
    let text = id.to_string();
    let short = text.get(..OPERATION_LETTERS).unwrap_or(&text);
    page.say_in(palette::OPERATION_ID, short);
}

/// Writes a time as clocks show it.
pub(crate) fn clock_time(time: &Zoned, zone: &TimeZone) -> String {
    time.with_time_zone(zone.clone())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

fn stitch_id(page: &mut Page, stitch: &Stitch) {
    let style = if stitch.divergent && !stitch.hidden {
        palette::TANGLE.bold()
    } else {
        palette::STITCH_ID
    };
    short_id(page, &stitch.id.to_string(), stitch.id_prefix, style);
}

fn knot_id(page: &mut Page, stitch: &Stitch) {
    short_id(
        page,
        &stitch.knot.to_string(),
        stitch.knot_prefix,
        palette::KNOT_ID,
    );
}

/// Adds the beginning of an id, with the letters in colour that name it.
fn short_id(page: &mut Page, id: &str, prefix: usize, style: Style) {
    let shown = id.get(..LETTERS.max(prefix)).unwrap_or(id);
    let (named, rest) = shown.split_at_checked(prefix).unwrap_or((shown, ""));
    page.say_in(style, named).say_in(palette::FAINT, rest);
}

fn email(page: &mut Page, person: &Person) {
    match person.email.as_str() {
        "" => page.say_in(palette::MISSING, "(no email set)"),
        email => page.show_in(palette::PERSON, email),
    };
}

/// Adds pins, tags and shuttles, each after a space.
fn names(page: &mut Page, stitch: &Stitch) {
    for pin in &stitch.pins {
        let tangled = if pin.tangled { "??" } else { "" };
        let text = match &pin.remote {
            Some(_) if pin.synced => continue,
            Some(remote) => format!("{}@{remote}{tangled}", pin.name),
            None if pin.synced => format!("{}{tangled}", pin.name),
            None => format!("{}{tangled}*", pin.name),
        };
        page.say(" ").show_in(palette::PIN, &text);
    }
    for tag in &stitch.tags {
        page.say(" ").show_in(palette::PIN, tag);
    }
    // That of the only workspace is where the `@` is.
    if stitch.shuttles.len() > 1 || stitch.shuttles.iter().any(|name| name != "default") {
        for shuttle in &stitch.shuttles {
            page.say(" ")
                .show_in(palette::SHUTTLE, &format!("{shuttle}@"));
        }
    }
}

fn state(stitch: &Stitch) -> Vec<(&'static str, Style)> {
    let states = [
        (stitch.hidden, "(hidden)", palette::FAINT),
        (
            stitch.divergent && !stitch.hidden,
            "(divergent)",
            palette::TANGLE,
        ),
        (stitch.tangled, "(tangled)", palette::TANGLE),
    ];
    states
        .into_iter()
        .filter_map(|(is, label, style)| is.then_some((label, style)))
        .collect()
}
