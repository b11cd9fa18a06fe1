//! Pictures of screens, and their comparison.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use loom_tui_core::{Display, Line};
use loom_tui_testing::Picture;
use loom_tui_testing::picture::compare;
use loom_tui_theme::{Builtin, ColorDepth, Palette, Role};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};

fn screen(rows: &[(&str, Role)], builtin: Builtin) -> Buffer {
    let display = Display::new(Palette::new(&builtin.theme(), ColorDepth::TrueColor));
    let height = u16::try_from(rows.len()).unwrap_or(0);
    let mut buffer = Buffer::empty(Rect::new(0, 0, 44, height));
    buffer.set_style(buffer.area, display.style(Role::Surface));
    for (y, (text, role)) in (0..).zip(rows) {
        let area = Rect::new(0, y, 44, 1);
        Line::styled(*text, display.style(*role)).draw(area, &mut buffer, &display);
    }
    buffer
}

const ROWS: [(&str, Role); 14] = [
    ("╭──────────┬───────╮ ┏━━━━┳━━┓ ╔══╦══╗", Role::Border),
    ("│ rounded  │ light │ ┃ he ┃av┃ ║do║ub║", Role::Border),
    ("├──────────┼───────┤ ┣━━━━╋━━┫ ╠══╬══╣", Role::Border),
    ("╰──────────┴───────╯ ┗━━━━┻━━┛ ╚══╩══╝", Role::Border),
    ("▁▂▃▄▅▆▇█ ▏▎▍▌▋▊▉█ ░▒▓ ▖▗▘▙▚▛▜▝▞▟ ⠋⠙⣿⡇", Role::Accent),
    ("The quick brown fox jumps over it. 0123456", Role::Text),
    ("Zażółć gęślą jaźń, Ξεσκεπάζω, Съешь ещё", Role::Text),
    ("漢字かな交じり文 한국어 中文 ｶﾞ", Role::Text),
    ("שלום עולם مرحبا नमस्ते ไทย", Role::Text),
    ("👍 😀 ✓ ✗ → ⏎ e\u{301} … ● ○ ◆ ▶ ⚠", Role::Text),
    ("heading", Role::Heading),
    ("quoted, in italics", Role::Quote),
    ("a link to follow", Role::Link),
    ("+ an added line", Role::Added),
];

#[test]
fn every_kind_of_character_can_be_seen() {
    for builtin in [Builtin::Dark, Builtin::Light] {
        let buffer = screen(&ROWS, builtin);
        let picture = Picture::of_screen(&buffer, Some(Position::new(2, 5)), &builtin.theme());
        assert_eq!((picture.width(), picture.height()), (440, 280));
        let name = format!("tests/pictures/characters-{}.png", builtin.name());
        picture.assert_matches(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
    }
}

#[test]
fn the_same_screen_gives_the_same_bytes() {
    let picture =
        || Picture::of_screen(&screen(&ROWS, Builtin::Dark), None, &Builtin::Dark.theme());
    let bytes = picture().png();
    assert_eq!(bytes, picture().png());
    assert_eq!(Picture::from_png(&bytes), picture());
}

#[test]
fn modifiers_are_drawn() {
    let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
    let plain = Picture::of_screen(&buffer, None, &Builtin::Dark.theme());
    for modifier in [
        Modifier::UNDERLINED,
        Modifier::CROSSED_OUT,
        Modifier::REVERSED,
    ] {
        buffer.reset();
        buffer.set_style(buffer.area, Style::new().add_modifier(modifier));
        let drawn = Picture::of_screen(&buffer, None, &Builtin::Dark.theme());
        assert_eq!(compare(&plain, &drawn).cells().len(), 4, "{modifier:?}");
    }
}

#[test]
fn one_changed_letter_is_found() {
    let picture = |text| {
        Picture::of_screen(
            &screen(&[(text, Role::Text)], Builtin::Dark),
            None,
            &Builtin::Dark.theme(),
        )
    };
    let (expected, actual) = (picture("status: fine."), picture("status: fire."));
    assert!(compare(&expected, &expected).is_alike());
    let comparison = compare(&expected, &actual);
    assert_eq!(comparison.cells(), [(10, 0)]);
    assert_eq!(
        comparison.to_string(),
        "1 cells differ, the first at column 10, row 0"
    );
}

#[test]
fn a_picture_that_differs_is_shown_beside_the_expected_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("status.png");
    let picture = |text| {
        Picture::of_screen(
            &screen(&[(text, Role::Text)], Builtin::Dark),
            None,
            &Builtin::Dark.theme(),
        )
    };
    let fails = |text| catch_unwind(|| picture(text).assert_matches(&path)).is_err();
    let exists = |name: &str| folder.path().join(name).exists();

    assert!(fails("fine"), "there is no picture yet");
    assert!(exists("status.new.png") && !exists("status.png"));
    fs::rename(folder.path().join("status.new.png"), &path).unwrap();
    assert!(!fails("fine"));
    assert!(fails("fire"));
    assert!(exists("status.new.png"));
    let difference =
        Picture::from_png(&fs::read(folder.path().join("status.difference.png")).unwrap());
    assert_eq!(
        (difference.width(), difference.height()),
        (3 * 440 + 20, 20)
    );
    assert!(!fails("fine"));
    assert!(!exists("status.new.png") && !exists("status.difference.png"));
}
