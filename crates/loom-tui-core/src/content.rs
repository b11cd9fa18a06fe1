//! Rows that can be counted and drawn apart from a screen.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::RenderContext;

/// Something of many rows, any of which can be drawn alone: what scrolls draws those that are seen,
/// and what has come to rest is drawn once, off the screen, and goes to the terminal's scrollback.
pub trait Content {
    /// Returns how many rows there are at a width. What terminal and person want to see changes how
    /// rows look, but not how many there are.
    fn rows(&self, width: u16) -> usize;

    /// Draws rows from `first` on, as many as the area is high.
    fn draw(&self, first: usize, area: Rect, buffer: &mut Buffer, context: &RenderContext<'_>);
}

/// Draws rows of a content into a buffer of their own, at most as many as a buffer can have.
pub fn offscreen<C: Content + ?Sized>(
    content: &C,
    width: u16,
    rows: Range<usize>,
    context: &RenderContext<'_>,
) -> Buffer {
    let height = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    content.draw(rows.start, area, &mut buffer, context);
    buffer
}

/// What was computed last, with what it was computed for: a width, a revision of the state, the
/// [generation](loom_tui_theme::Palette::generation) of the palette. Not state: a component that loses
/// it draws the same.
pub struct Memo<K, V> {
    kept: RefCell<Option<(K, Rc<V>)>>,
}

impl<K: PartialEq, V> Memo<K, V> {
    /// Keeps nothing yet.
    pub const fn new() -> Self {
        Self {
            kept: RefCell::new(None),
        }
    }

    /// Returns what was computed for this key, or computes it.
    pub fn get(&self, key: K, compute: impl FnOnce() -> V) -> Rc<V> {
        if let Some((kept, value)) = &*self.kept.borrow()
            && *kept == key
        {
            return Rc::clone(value);
        }
        let value = Rc::new(compute());
        *self.kept.borrow_mut() = Some((key, Rc::clone(&value)));
        value
    }
}

impl<K: PartialEq, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for Memo<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memo").finish_non_exhaustive()
    }
}

/// A copy computes for itself.
impl<K: PartialEq, V> Clone for Memo<K, V> {
    fn clone(&self) -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_computed_is_kept_until_the_key_changes() {
        let memo = Memo::new();
        assert_eq!(*memo.get((80, 1), || "first"), "first");
        assert_eq!(*memo.get((80, 1), || "second"), "first");
        assert_eq!(*memo.get((80, 2), || "third"), "third");
        assert_eq!(*memo.get((80, 1), || "fourth"), "fourth");
    }
}
