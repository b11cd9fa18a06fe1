use super::*;
use crate::page::Looks;

fn version(path: &str, kind: EntryKind, content: &str) -> Option<Version> {
    Some(Version {
        path: path.to_owned(),
        shown: path.to_owned(),
        kind,
        hash: format!("{:0<40}", content.len()),
        content: Content::Text(content.as_bytes().to_vec()),
    })
}

const FILE: EntryKind = EntryKind::File { executable: false };

fn files() -> Vec<FileDiff> {
    let before = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\neleven\ntwelve\n";
    let after = "one\ntwo and\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\nELEVEN\ntwelve\n13";
    let diff = |before, after| FileDiff {
        before,
        after,
        copied: false,
    };
    vec![
        diff(
            version("src/lib.rs", FILE, before),
            version("src/lib.rs", EntryKind::File { executable: true }, after),
        ),
        diff(None, version("new\u{1b}[31m \"name\"", FILE, "a\n")),
        diff(version("link", EntryKind::Link, "target"), None),
        diff(
            version("src/old/a.rs", FILE, "a\n"),
            version("src/new/a.rs", FILE, "a\n"),
        ),
        diff(None, version("empty", FILE, "")),
        diff(
            None,
            Some(Version {
                content: Content::Binary,
                ..version("image", FILE, "1").unwrap()
            }),
        ),
    ]
}

fn drawn_all(form: Form, looks: Looks, files: &[FileDiff]) -> String {
    let mut page = Page::new(looks);
    let drawing = Drawing::of(vec![form], &DiffArguments::default());
    let mut stat = Histogram::default();
    for file in files {
        match form {
            Form::Summary => listing::summary(&mut page, file),
            Form::Types => listing::types(&mut page, file),
            Form::Names => listing::name_only(&mut page, file),
            Form::Stat => stat.count(file, drawing.lines),
            Form::Git | Form::Words => drawing.draw_file(form, &mut page, file),
        }
    }
    if form == Form::Stat {
        stat.draw(&mut page);
    }
    page.into_text()
}

fn drawn(form: Form, colored: bool) -> String {
    let looks = Looks {
        colored,
        terminal: colored,
        width: 60,
    };
    drawn_all(form, looks, &files()).replace('\u{1b}', "\\e")
}

#[test]
fn names() {
    insta::assert_snapshot!(
        [
            drawn(Form::Summary, false),
            drawn(Form::Types, false),
            drawn(Form::Names, false)
        ]
        .join("\n")
    );
}

#[test]
fn counts() {
    insta::assert_snapshot!(drawn(Form::Stat, false));
}

#[test]
fn patches() {
    insta::assert_snapshot!(drawn(Form::Git, false));
}

#[test]
fn words() {
    insta::assert_snapshot!(drawn(Form::Words, false));
}

#[test]
fn words_in_colour_stand_on_one_line() {
    insta::assert_snapshot!(drawn(Form::Words, true));
}

#[test]
fn bars_fit_and_show_what_is_there() {
    let many: String = (0..500).map(|line| format!("{line}\n")).collect();
    let files = [
        FileDiff {
            before: None,
            after: version(&"long/".repeat(20), FILE, &many),
            copied: false,
        },
        FileDiff {
            before: version("short", FILE, "1\n"),
            after: version("short", FILE, "2\n"),
            copied: false,
        },
    ];
    let looks = Looks {
        colored: false,
        terminal: true,
        width: 40,
    };
    let text = drawn_all(Form::Stat, looks, &files);
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
    insta::assert_snapshot!(text);
}
