//! The terminal in memory.

use loom_tui_testing::{MockTerminal, snapshot};
use ratatui::layout::{Position, Size};

#[test]
fn bytes_become_a_screen() {
    let mut terminal = MockTerminal::new(Size::new(10, 3));
    let shown = "\x1b[1;38;2;255;0;0mred\x1b[0m \x1b[44m漢\x1b[0m\r\n\x1b[7mx\x1b[0m";
    terminal.take(shown.as_bytes());
    insta::assert_snapshot!(snapshot::snapshot(&terminal.screen()), @r"
    |red 漢    |
     aaa bb
    |x         |
     c
    |          |
    a: #ff0000 bold
    b: on 4
    c: reversed
    ");
    assert_eq!(terminal.cursor(), Some(Position::new(1, 1)));
    terminal.take(b"\x1b[?25l");
    assert_eq!(terminal.cursor(), None);
    assert_eq!(terminal.take_written(), shown.len() + 6);
    assert_eq!(terminal.take_written(), 0);
}

#[test]
fn what_scrolls_away_is_kept() {
    let mut terminal = MockTerminal::new(Size::new(10, 2));
    for row in 1..=5 {
        terminal.take(format!("row {row}\r\n").as_bytes());
    }
    assert_eq!(terminal.scrollback(), ["row 1", "row 2", "row 3", "row 4"]);
    assert_eq!(snapshot::text(&terminal.screen()), "row 5");
}

#[test]
fn what_the_terminal_does_not_understand_is_kept() {
    let mut terminal = MockTerminal::new(Size::new(10, 2));
    terminal.take(b"ok\x1b[1;2y\x1b]777;x\x07");
    assert_eq!(terminal.unknown_sequences(), ["CSI 1;2y", "OSC 777;x"]);
    assert!(!terminal.is_alternate() && !terminal.brackets_pastes() && !terminal.reports_mouse());
    terminal.take(b"\x1b[?1049h\x1b[?2004h\x1b[?1000h");
    assert!(terminal.is_alternate() && terminal.brackets_pastes() && terminal.reports_mouse());
}
