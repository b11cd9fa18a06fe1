//! The comparison of two pictures, cell by cell, as eyes see it.

use std::fmt;

use loom_tui_theme::Rgb;

use super::{CELL_HEIGHT, CELL_WIDTH, Picture};

/// From which distance in Oklab on two pixels clearly differ.
const DISTANCE: f64 = 0.08;
/// Of how many pixels in a cell that must be true: fewer are a matter of rounding.
const PIXELS: usize = 3;

/// What differs between two pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    sizes: [(usize, usize); 2],
    /// Columns and rows of cells that differ.
    cells: Vec<(usize, usize)>,
}

/// Compares two pictures.
pub fn compare(expected: &Picture, actual: &Picture) -> Comparison {
    let width = expected.width.max(actual.width);
    let height = expected.height.max(actual.height);
    let mut cells = Vec::new();
    for row in 0..height.div_ceil(CELL_HEIGHT) {
        for column in 0..width.div_ceil(CELL_WIDTH) {
            let differing = pixels_of(column, row)
                .filter(|&(x, y)| differ(pixel(expected, x, y), pixel(actual, x, y)))
                .count();
            if differing >= PIXELS {
                cells.push((column, row));
            }
        }
    }
    Comparison {
        sizes: [expected, actual].map(|picture| (picture.width, picture.height)),
        cells,
    }
}

fn pixels_of(column: usize, row: usize) -> impl Iterator<Item = (usize, usize)> {
    let (left, top) = (column * CELL_WIDTH, row * CELL_HEIGHT);
    (top..top + CELL_HEIGHT).flat_map(move |y| (left..left + CELL_WIDTH).map(move |x| (x, y)))
}

fn pixel(picture: &Picture, x: usize, y: usize) -> Option<Rgb> {
    (x < picture.width && y < picture.height).then(|| picture.get(x, y))
}

fn differ(a: Option<Rgb>, b: Option<Rgb>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a != b && a.oklab().distance(b.oklab()) > DISTANCE,
        (a, b) => a.is_some() != b.is_some(),
    }
}

impl Comparison {
    /// Whether nobody would see a difference.
    pub fn is_alike(&self) -> bool {
        self.cells.is_empty() && self.sizes[0] == self.sizes[1]
    }

    /// Returns columns and rows of the cells that differ.
    pub fn cells(&self) -> &[(usize, usize)] {
        &self.cells
    }

    /// Draws what was expected, what is there, and that again, pale, with what differs in a frame.
    pub fn picture(&self, expected: &Picture, actual: &Picture) -> Picture {
        const GAP: usize = CELL_WIDTH;
        let width = expected.width.max(actual.width);
        let height = expected.height.max(actual.height);
        let mut marked = Picture::filled(width, height, Rgb::new(0xff_ffff));
        for y in 0..height {
            for x in 0..width {
                let grey = pixel(actual, x, y).map_or(255, |color| {
                    let lightness = color.oklab().lightness.clamp(0.0, 1.0);
                    (150.0 + 90.0 * lightness).round() as u8
                });
                marked.set(
                    x,
                    y,
                    Rgb {
                        red: grey,
                        green: grey,
                        blue: grey,
                    },
                );
            }
        }
        for &(column, row) in &self.cells {
            for (x, y) in pixels_of(column, row).filter(|&(x, y)| x < width && y < height) {
                let color = match differ(pixel(expected, x, y), pixel(actual, x, y)) {
                    true => Rgb::new(0xd0_0000),
                    false => Rgb::new(0xff_d8d8),
                };
                marked.set(x, y, color);
            }
        }
        let mut picture = Picture::filled(3 * width + 2 * GAP, height, Rgb::new(0xff_00ff));
        picture.paste(expected, 0);
        picture.paste(actual, width + GAP);
        picture.paste(&marked, 2 * (width + GAP));
        picture
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [expected, actual] = self.sizes;
        if expected != actual {
            write!(
                formatter,
                "it is {} by {} pixels and not {} by {}; ",
                actual.0, actual.1, expected.0, expected.1
            )?;
        }
        write!(formatter, "{} cells differ", self.cells.len())?;
        if let Some((column, row)) = self.cells.first() {
            write!(formatter, ", the first at column {column}, row {row}")?;
        }
        Ok(())
    }
}
