//! A line to type into.

use loom_tui_core::{Display, KeyCode, KeyPress, Line, Modifiers, SafeText, width};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

/// A line to type into, with the keys of readline. What is in it is safe to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextField {
    text: String,
    /// Where the cursor is, in bytes.
    cursor: usize,
}

impl TextField {
    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Takes a key. Tells whether it meant something to the field.
    pub fn key(&mut self, key: KeyPress) -> bool {
        let control = key.modifiers() == Modifiers::CONTROL;
        let alt = key.modifiers() == Modifiers::ALT;
        match key.code() {
            _ if key.text().is_some() => {
                let mut buffer = [0; 4];
                let typed = key.text().map(|text| text.encode_utf8(&mut buffer) as &str);
                self.insert(typed.unwrap_or_default());
            }
            KeyCode::Left if key.modifiers().is_empty() => self.cursor = self.before(),
            KeyCode::Right if key.modifiers().is_empty() => self.cursor = self.after(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            KeyCode::Backspace if alt => self.remove(self.word_before(), self.cursor),
            KeyCode::Backspace => self.remove(self.before(), self.cursor),
            KeyCode::Delete => self.remove(self.cursor, self.after()),
            KeyCode::Char('a') if control => self.cursor = 0,
            KeyCode::Char('e') if control => self.cursor = self.text.len(),
            KeyCode::Char('b') if control => self.cursor = self.before(),
            KeyCode::Char('f') if control => self.cursor = self.after(),
            KeyCode::Char('d') if control => self.remove(self.cursor, self.after()),
            KeyCode::Char('w') if control => self.remove(self.word_before(), self.cursor),
            KeyCode::Char('u') if control => self.remove(0, self.cursor),
            KeyCode::Char('k') if control => self.remove(self.cursor, self.text.len()),
            _ => return false,
        }
        true
    }

    /// Inserts text at the cursor. Line ends become spaces.
    pub fn insert(&mut self, text: &str) {
        let (before, after) = self.text.split_at(self.cursor);
        // Cleaned as a whole: a mark that is typed after its letter belongs to it.
        let before = clean(&format!("{before}{text}"));
        self.text = clean(&format!("{before}{after}"));
        self.cursor = floor(&self.text, before.len());
    }

    fn remove(&mut self, start: usize, end: usize) {
        self.text.replace_range(start..end, "");
        self.text = clean(&self.text);
        self.cursor = floor(&self.text, start);
    }

    fn before(&self) -> usize {
        let last = self.text[..self.cursor].graphemes(true).next_back();
        self.cursor - last.map_or(0, str::len)
    }

    fn after(&self) -> usize {
        let next = self.text[self.cursor..].graphemes(true).next();
        self.cursor + next.map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        let words = self.text[..self.cursor].trim_end();
        words.rfind(' ').map_or(0, |space| space + 1)
    }

    /// Returns where the part of the text begins that is shown: the cursor must be in it.
    fn shown_from(&self, room: u16) -> usize {
        let room = usize::from(room.saturating_sub(1));
        self.text[..self.cursor]
            .grapheme_indices(true)
            .map(|(at, _)| at)
            .chain([self.cursor])
            .find(|&at| width(&self.text[at..self.cursor]) <= room)
            .unwrap_or(self.cursor)
    }

    /// Draws the text into the first row of an area.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, style: Style, display: &Display) {
        let shown = &self.text[self.shown_from(area.width)..];
        Line::styled(shown, style).draw(area, buffer, display);
    }

    /// Returns where the cursor is on the screen, if the area has room for it.
    pub fn cursor(&self, area: Rect) -> Option<Position> {
        let from = self.shown_from(area.width);
        let cells = width(&self.text[from..self.cursor]);
        let x = area.x.checked_add(u16::try_from(cells).ok()?)?;
        let at = Position::new(x, area.y);
        area.contains(at).then_some(at)
    }
}

fn clean(text: &str) -> String {
    SafeText::new(text).as_str().replace('\n', " ")
}

/// Returns the last boundary between clusters that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    text.grapheme_indices(true)
        .map(|(start, _)| start)
        .chain([text.len()])
        .take_while(|start| *start <= at)
        .last()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn typed(keys: &str) -> (String, usize) {
        let mut field = TextField::default();
        let keys: loom_tui_core::KeySequence = keys.parse().unwrap();
        for key in keys.keys() {
            field.key(*key);
        }
        (field.text, field.cursor)
    }

    #[test]
    fn keys_edit_the_line() {
        for (keys, text, cursor) in [
            ("hello", "hello", 5),
            ("helo<Left>l", "hello", 4),
            ("one two<C-w>", "one ", 4),
            ("one two <A-BS>", "one ", 4),
            ("abc<Home><Del>x", "xbc", 1),
            ("abc<C-b><C-k>", "ab", 2),
            ("abc<Left><C-u>", "c", 0),
            ("漢字<BS>", "漢", 3),
            ("e\u{301}x<Left><BS>", "x", 0),
            ("ab<C-a>\u{301}", "\u{25cc}\u{301}ab", 5),
        ] {
            assert_eq!(typed(keys), (text.to_owned(), cursor), "{keys}");
        }
    }

    #[test]
    fn pasted_lines_become_one() {
        let mut field = TextField::default();
        field.insert("one\ntwo\x1b[2J");
        assert_eq!(field.text(), "one two\u{fffd}[2J");
    }

    proptest! {
        #[test]
        fn the_cursor_is_between_clusters(
            inserts in proptest::collection::vec((any::<String>(), "(<Left>|<BS>|<Del>|<C-w>|<Home>){0,4}"), 0..6),
            room in 0_u16..20,
        ) {
            let mut field = TextField::default();
            for (text, keys) in inserts {
                field.insert(&text);
                let keys: loom_tui_core::KeySequence = keys.parse().unwrap();
                keys.keys().iter().for_each(|key| {
                    field.key(*key);
                });
                prop_assert_eq!(floor(&field.text, field.cursor), field.cursor);
                prop_assert_eq!(&clean(&field.text), &field.text);
                let area = Rect::new(3, 1, room, 1);
                prop_assert!(field.cursor(area).is_none_or(|at| area.contains(at)));
                prop_assert_eq!(field.cursor(area).is_some(), room > 0);
            }
        }
    }
}
