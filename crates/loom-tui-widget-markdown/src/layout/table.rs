//! Tables: columns as wide as their content, made narrower fairly where it does not fit.
//!
//! Only columns that are wider than their fair share give cells away, the widest first. Where even
//! that leaves no column readable, each row becomes a list of the head's words and the row's.

use std::rc::Rc;

use loom_tui_core::{Row, Wrap, width};
use loom_tui_theme::Role;
use ratatui::style::Modifier;

use super::text::{self, Text};
use super::{Page, Piece};
use crate::block::{Alignment, Inline, Table};

/// Cells between two columns: a space, a line, a space.
const BETWEEN: usize = 3;
/// No column with more text than this is made narrower than this.
const LEAST_COLUMN: usize = 6;
/// Tables with more columns are shown as lists.
const MOST_COLUMNS: usize = 32;

/// The lines of a cell.
type Cell = Vec<Rc<Text>>;

impl Page<'_> {
    pub(super) fn table(&mut self, table: &Table, role: Role) {
        let head_style = self.style(role).patch(self.style(Role::Strong));
        let body_style = self.style(role);
        let cells = |row: &[Inline], style| -> Vec<Cell> {
            row.iter()
                .map(|cell| {
                    let lines = text::lines(cell, style, self.display);
                    lines.into_iter().map(Rc::new).collect()
                })
                .collect()
        };
        let head = cells(&table.head, head_style.add_modifier(Modifier::BOLD));
        let rows: Vec<Vec<Cell>> = table
            .rows
            .iter()
            .map(|row| cells(row, body_style))
            .collect();
        let wanted: Vec<usize> = (0..head.len())
            .map(|column| {
                let all = std::iter::once(&head).chain(&rows);
                let widths = all
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell_width(cell));
                widths.max().unwrap_or(0).max(1)
            })
            .collect();
        match shares(&wanted, usize::from(self.room())) {
            Some(widths) => self.grid(&head, &rows, &widths, &table.alignments),
            None => self.records(&head, &rows),
        }
    }

    fn grid(
        &mut self,
        head: &[Cell],
        rows: &[Vec<Cell>],
        widths: &[usize],
        alignments: &[Alignment],
    ) {
        self.grid_row(head, widths, alignments);
        self.grid_rule(widths);
        let is_wrapped = |row: &Vec<Cell>| {
            let mut cells = row.iter().zip(widths);
            cells.any(|(cell, &width)| cell.len() > 1 || cell_width(cell) > width)
        };
        let is_ruled = rows.iter().any(is_wrapped);
        for (index, row) in rows.iter().enumerate() {
            if is_ruled && index > 0 {
                self.grid_rule(widths);
            }
            self.grid_row(row, widths, alignments);
        }
    }

    fn grid_row(&mut self, row: &[Cell], widths: &[usize], alignments: &[Alignment]) {
        let wrapped: Vec<Vec<(Rc<Text>, Row)>> = row
            .iter()
            .zip(widths)
            .map(|(cell, &width)| wrap_cell(cell, as_cells(width)))
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let line = Text::plain(self.display.pick(" │ ", " | "), self.style(Role::Border));
        let line = Rc::new(line);
        for index in 0..height {
            let mut pieces = Vec::new();
            let mut x = 0;
            for (column, &width) in widths.iter().enumerate() {
                if column > 0 {
                    pieces.push(Piece::whole(
                        as_cells(x),
                        as_cells(BETWEEN),
                        Rc::clone(&line),
                    ));
                    x += BETWEEN;
                }
                if let Some((text, row)) = wrapped.get(column).and_then(|rows| rows.get(index)) {
                    let free = width.saturating_sub(usize::from(row.width));
                    let before = match alignments.get(column) {
                        Some(Alignment::Right) => free,
                        Some(Alignment::Center) => free / 2,
                        Some(Alignment::Left) | None => 0,
                    };
                    pieces.push(Piece {
                        x: as_cells(x + before),
                        width: as_cells(width - before),
                        text: Rc::clone(text),
                        row: row.clone(),
                    });
                }
                x += width;
            }
            self.push(pieces);
        }
    }

    fn grid_rule(&mut self, widths: &[usize]) {
        let dash = self.display.pick("─", "-");
        let cross = self.display.pick("─┼─", "-+-");
        let dashes: Vec<String> = widths.iter().map(|&width| dash.repeat(width)).collect();
        let rule = Text::plain(dashes.join(cross), self.style(Role::Border));
        let room = self.room();
        self.push(vec![Piece::whole(0, room, Rc::new(rule))]);
    }

    /// Shows each row as a list: the words of the head, and what the row says of them.
    fn records(&mut self, head: &[Cell], rows: &[Vec<Cell>]) {
        if rows.is_empty() {
            for cell in head {
                self.cell_lines(cell);
            }
        }
        for (index, row) in rows.iter().enumerate() {
            if index > 0 {
                let room = self.room();
                let rule = self.display.pick("─", "-").repeat(usize::from(room.min(8)));
                let rule = Text::plain(rule, self.style(Role::Border));
                self.push(vec![Piece::whole(0, room, Rc::new(rule))]);
            }
            for (column, cell) in row.iter().enumerate() {
                let mut lines = cell.iter();
                let mut first = Text::default();
                if let Some(name) = head.get(column).and_then(|cell| cell.first())
                    && !name.line.text().is_empty()
                {
                    let colon = Text::plain(": ", self.style(Role::Muted));
                    first = first.followed_by(name).followed_by(&colon);
                }
                if let Some(line) = lines.next() {
                    first = first.followed_by(line);
                }
                self.cell_lines(&[Rc::new(first)]);
                for line in lines {
                    self.cell_lines(std::slice::from_ref(line));
                }
            }
        }
    }

    fn cell_lines(&mut self, lines: &[Rc<Text>]) {
        let width = self.room();
        for (text, row) in wrap_cell(lines, width) {
            self.push(vec![Piece {
                x: 0,
                width,
                text,
                row,
            }]);
        }
    }
}

fn cell_width(cell: &[Rc<Text>]) -> usize {
    cell.iter()
        .map(|text| width(text.line.text()))
        .max()
        .unwrap_or(0)
}

fn wrap_cell(cell: &[Rc<Text>], width: u16) -> Vec<(Rc<Text>, Row)> {
    cell.iter()
        .flat_map(|text| {
            let rows = text.line.wrap(Wrap::words(width));
            rows.into_iter().map(|row| (Rc::clone(text), row))
        })
        .collect()
}

fn as_cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// Shares the room out among columns, or finds that there is too little.
fn shares(wanted: &[usize], room: usize) -> Option<Vec<usize>> {
    let room = room.checked_sub(BETWEEN * wanted.len().saturating_sub(1))?;
    if wanted.len() > MOST_COLUMNS {
        return None;
    }
    if wanted.iter().sum::<usize>() <= room {
        return Some(wanted.to_vec());
    }
    if wanted
        .iter()
        .map(|&width| width.min(LEAST_COLUMN))
        .sum::<usize>()
        > room
    {
        return None;
    }
    // Columns from the narrowest to the widest: each takes what it wants, if that is no more than an
    // equal part of what is left.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&column| wanted[column]);
    let mut widths = wanted.to_vec();
    let mut left = room;
    for (taken, &column) in order.iter().enumerate() {
        let share = left / (wanted.len() - taken);
        widths[column] = wanted[column].min(share);
        left -= widths[column];
    }
    Some(widths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_content_if_that_fits() {
        assert_eq!(shares(&[3, 10, 4], 23), Some(vec![3, 10, 4]));
        assert_eq!(shares(&[], 0), Some(vec![]));
    }

    #[test]
    fn only_wide_columns_become_narrower() {
        assert_eq!(shares(&[3, 40, 8], 41), Some(vec![3, 24, 8]));
        assert_eq!(shares(&[30, 40, 8], 44), Some(vec![15, 15, 8]));
    }

    #[test]
    fn too_many_columns_for_the_room_are_no_table() {
        assert_eq!(shares(&[30, 40, 8], 20), None);
        assert_eq!(shares(&[30, 40], 2), None);
        assert_eq!(shares(&[1; 33], 1000), None);
    }
}
