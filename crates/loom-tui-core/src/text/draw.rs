//! Putting rows of text into cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_bidi::{BidiClass, BidiInfo, bidi_class};
use unicode_bidi_mirroring::get_mirrored;
use unicode_segmentation::UnicodeSegmentation;

use super::{Line, Row, Wrap, cluster_width};
use crate::{BidiOrder, Display, Glyphs};

impl Line {
    /// Draws a row of the line into the first row of an area, over whatever style the cells have.
    /// A row whose line begins with right-to-left text stands at the right.
    pub fn draw_row(&self, row: &Row, area: Rect, buffer: &mut Buffer, display: &Display) {
        if area.is_empty() {
            return;
        }
        let mut pen = Pen {
            x: area.x.saturating_add(row.indent),
            y: area.y,
            end: area.right(),
            buffer,
            glyphs: display.glyphs,
        };
        if display.bidi == BidiOrder::Logical || !has_right_to_left(self.text()) {
            for (range, style) in self.pieces(row.text.clone()) {
                for cluster in self.text()[range].graphemes(true) {
                    pen.put(cluster, style);
                }
            }
            return;
        }
        let bidi = BidiInfo::new(self.text(), None);
        let Some(paragraph) = bidi.paragraphs.first() else {
            return;
        };
        if paragraph.level.is_rtl() {
            let taken = row.indent.saturating_add(row.width);
            pen.x = area.x.saturating_add(area.width.saturating_sub(taken));
        }
        let (levels, runs) = bidi.visual_runs(paragraph, row.text.clone());
        for run in runs {
            let text = &self.text()[run.clone()];
            let clusters = text.grapheme_indices(true);
            if levels[run.start].is_ltr() {
                clusters.for_each(|(at, cluster)| pen.put(cluster, self.style_at(run.start + at)));
                continue;
            }
            for (at, cluster) in clusters.rev() {
                let style = self.style_at(run.start + at);
                match mirrored(cluster) {
                    Some(mirrored) => pen.put(mirrored.encode_utf8(&mut [0; 4]), style),
                    None => pen.put(cluster, style),
                }
            }
        }
    }

    /// Draws the beginning of the line into the first row of an area. What does not fit is cut, and
    /// the cut is marked.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, display: &Display) {
        let room = usize::from(area.width);
        let whole = Row {
            text: 0..self.text().len(),
            indent: 0,
            width: u16::try_from(self.width()).unwrap_or(u16::MAX),
        };
        if self.width() <= room {
            return self.draw_row(&whole, area, buffer, display);
        }
        let Some(row) = self
            .wrap(Wrap::clusters(area.width.saturating_sub(1)))
            .into_iter()
            .next()
        else {
            return self.draw_row(&whole, area, buffer, display);
        };
        self.draw_row(&row, area, buffer, display);
        let style = self.style_at(row.text.end);
        let mark = Rect {
            x: area.x.saturating_add(row.width),
            width: 1,
            ..area
        };
        let sign = Self::styled(display.pick("…", "~"), style);
        sign.draw_row(&whole_of(&sign), mark, buffer, display);
    }
}

fn whole_of(line: &Line) -> Row {
    Row {
        text: 0..line.text().len(),
        indent: 0,
        width: 1,
    }
}

/// Makes cells blank and gives them a style. A wide cluster that reaches into the area from the left
/// goes with it, for it would be drawn over the area.
pub fn blank(area: Rect, buffer: &mut Buffer, style: Style) {
    let area = area.intersection(buffer.area);
    for y in area.top()..area.bottom() {
        if let Some(before) = area.x.checked_sub(1)
            && let Some(cell) = buffer.cell_mut((before, y))
            && cluster_width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
        for x in area.left()..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
                cell.set_style(style);
            }
        }
    }
}

/// Where the next cluster goes.
struct Pen<'a> {
    x: u16,
    y: u16,
    end: u16,
    buffer: &'a mut Buffer,
    glyphs: Glyphs,
}

impl Pen<'_> {
    fn put(&mut self, cluster: &str, style: Style) {
        let cells = cluster_width(cluster).max(1);
        let room = self
            .end
            .min(self.buffer.area.right())
            .saturating_sub(self.x);
        if room == 0 {
            return;
        }
        let drawn = match self.glyphs {
            _ if cells > room => "\u{fffd}",
            Glyphs::Ascii if !cluster.is_ascii() => "?",
            _ => cluster,
        };
        for offset in 0..cells.min(room) {
            if let Some(cell) = self.buffer.cell_mut((self.x + offset, self.y)) {
                let is_head = offset == 0;
                cell.set_symbol(if is_head { drawn } else { " " });
                cell.set_style(style);
            }
        }
        self.x += cells.min(room);
    }
}

fn has_right_to_left(text: &str) -> bool {
    !text.is_ascii()
        && text
            .chars()
            .any(|c| matches!(bidi_class(c), BidiClass::R | BidiClass::AL))
}

/// Returns the character to draw for a bracket and the like in right-to-left text.
fn mirrored(cluster: &str) -> Option<char> {
    let mut characters = cluster.chars();
    let first = characters.next()?;
    characters.next().is_none().then(|| get_mirrored(first))?
}
