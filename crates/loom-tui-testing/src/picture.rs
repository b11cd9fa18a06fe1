//! Screens as pictures.

mod compare;
mod glyphs;
mod lines;

use std::fs;
use std::io::Cursor;
use std::path::Path;

use loom_tui_theme::{Paint, Rgb, Swatch, Theme, shown};
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

pub use compare::{Comparison, compare};

use glyphs::Fonts;

/// Pixels across a cell.
pub const CELL_WIDTH: usize = 10;
/// Pixels down a cell.
pub const CELL_HEIGHT: usize = 20;

/// A picture, in pixels of sRGB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<Rgb>,
}

/// How much of a pixel is covered, from 0 to 1, for a part of a picture that is being drawn.
type Coverage<'a> = dyn FnMut(usize, usize, f32) + 'a;

impl Picture {
    /// Makes a picture of one colour.
    pub fn filled(width: usize, height: usize, color: Rgb) -> Self {
        Self {
            width,
            height,
            pixels: vec![color; width * height],
        }
    }

    /// Draws a screen, with the theme's colours where the terminal would take its own.
    pub fn of_screen(buffer: &Buffer, cursor: Option<Position>, theme: &Theme) -> Self {
        let area = buffer.area;
        let own = |swatch, otherwise| match theme.swatch(swatch) {
            Paint::Rgb(color) => color,
            Paint::Terminal | Paint::Ansi(_) => otherwise,
        };
        let foreground = own(Swatch::Foreground, Rgb::new(0xe0_e0e0));
        let background = own(Swatch::Background, Rgb::new(0));
        let mut picture = Self::filled(
            usize::from(area.width) * CELL_WIDTH,
            usize::from(area.height) * CELL_HEIGHT,
            background,
        );
        let fonts = Fonts::new();
        for y in area.top()..area.bottom() {
            let mut x = area.left();
            while x < area.right() {
                let cell = &buffer[(x, y)];
                let cells = cell.cell_width().clamp(1, area.right() - x);
                let color = |color: Color, otherwise| shown(color).unwrap_or(otherwise);
                let mut ink = color(cell.fg, foreground);
                let mut ground = color(cell.bg, background);
                if cell.modifier.contains(Modifier::REVERSED) {
                    std::mem::swap(&mut ink, &mut ground);
                }
                if cursor == Some(Position::new(x, y)) {
                    (ink, ground) = (background, foreground);
                }
                if cell.modifier.contains(Modifier::DIM) {
                    ink = mixed(ground, ink, 0.6);
                }
                let place = Place {
                    left: usize::from(x - area.left()) * CELL_WIDTH,
                    top: usize::from(y - area.top()) * CELL_HEIGHT,
                    width: usize::from(cells) * CELL_WIDTH,
                };
                picture.cell(&place, cell.symbol(), cell.modifier, [ink, ground], &fonts);
                x += cells;
            }
        }
        picture
    }

    fn cell(
        &mut self,
        place: &Place,
        symbol: &str,
        modifier: Modifier,
        [ink, ground]: [Rgb; 2],
        fonts: &Fonts,
    ) {
        for y in 0..CELL_HEIGHT {
            for x in 0..place.width {
                self.set(place.left + x, place.top + y, ground);
            }
        }
        let mut cover = |x: usize, y: usize, share: f32| {
            if x < place.width && y < CELL_HEIGHT {
                let (x, y) = (place.left + x, place.top + y);
                let below = self.get(x, y);
                self.set(x, y, mixed(below, ink, share));
            }
        };
        if !modifier.contains(Modifier::HIDDEN) && symbol != " " {
            let mut characters = symbol.chars();
            let is_line = match (characters.next(), characters.next()) {
                (Some(character), None) => lines::draw(character, &mut cover),
                _ => false,
            };
            if !is_line {
                fonts.draw(symbol, place.width, modifier, &mut cover);
            }
        }
        for (is_on, y) in [
            (modifier.contains(Modifier::UNDERLINED), 17),
            (modifier.contains(Modifier::CROSSED_OUT), 10),
        ] {
            if is_on {
                (0..place.width).for_each(|x| cover(x, y, 1.0));
            }
        }
    }

    /// Returns the width, in pixels.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Returns the height, in pixels.
    pub const fn height(&self) -> usize {
        self.height
    }

    fn get(&self, x: usize, y: usize) -> Rgb {
        self.pixels[y * self.width + x]
    }

    fn set(&mut self, x: usize, y: usize, color: Rgb) {
        self.pixels[y * self.width + x] = color;
    }

    /// Puts another picture into this one.
    fn paste(&mut self, other: &Self, left: usize) {
        for y in 0..other.height {
            for x in 0..other.width {
                self.set(left + x, y, other.get(x, y));
            }
        }
    }

    /// Returns the picture as PNG; the same pixels always give the same bytes.
    ///
    /// # Panics
    ///
    /// When the picture is empty.
    pub fn png(&self) -> Vec<u8> {
        let side = |pixels| u32::try_from(pixels).expect("a screen has fewer pixels");
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, side(self.width), side(self.height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header().expect("a picture has pixels");
        let data: Vec<u8> = self
            .pixels
            .iter()
            .flat_map(|color| [color.red, color.green, color.blue])
            .collect();
        writer.write_image_data(&data).expect("memory takes all");
        writer.finish().expect("memory takes all");
        bytes
    }

    /// Reads a PNG that [`Picture::png`] wrote.
    ///
    /// # Panics
    ///
    /// When it is none.
    pub fn from_png(bytes: &[u8]) -> Self {
        let decoder = png::Decoder::new(Cursor::new(bytes));
        let mut reader = decoder.read_info().expect("a PNG");
        let size = reader.output_buffer_size().expect("a PNG of usual size");
        let mut data = vec![0; size];
        let info = reader.next_frame(&mut data).expect("a whole PNG");
        assert_eq!(
            (info.color_type, info.bit_depth),
            (png::ColorType::Rgb, png::BitDepth::Eight),
            "the PNG was not written by this crate"
        );
        let pixels = data[..info.buffer_size()]
            .chunks_exact(3)
            .map(|channels| Rgb {
                red: channels[0],
                green: channels[1],
                blue: channels[2],
            })
            .collect();
        Self {
            width: info.width as usize,
            height: info.height as usize,
            pixels,
        }
    }

    /// Compares the picture with the one in a file. What is new or differs is written beside it, as
    /// `NAME.new.png`, and what differs as `NAME.difference.png`: expected, actual, and where.
    ///
    /// # Panics
    ///
    /// When the file does not exist or shows something else.
    pub fn assert_matches(&self, path: &Path) {
        let beside = |suffix: &str| path.with_extension(suffix);
        let write = |path: &Path, picture: &Self| {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).expect("the folder can be made");
            }
            fs::write(path, picture.png()).expect("the picture can be written");
        };
        let Ok(bytes) = fs::read(path) else {
            write(&beside("new.png"), self);
            panic!(
                "there is no picture {} yet: look at {} and rename it",
                path.display(),
                beside("new.png").display()
            );
        };
        let expected = Self::from_png(&bytes);
        let comparison = compare(&expected, self);
        if comparison.is_alike() {
            for leftover in [beside("new.png"), beside("difference.png")] {
                let _ = fs::remove_file(leftover);
            }
            return;
        }
        write(&beside("new.png"), self);
        write(
            &beside("difference.png"),
            &comparison.picture(&expected, self),
        );
        panic!(
            "{} differs: {comparison}\nlook at {}; if it is right, put {} in its place",
            path.display(),
            beside("difference.png").display(),
            beside("new.png").display()
        );
    }
}

/// Where a cell is, in pixels.
struct Place {
    left: usize,
    top: usize,
    width: usize,
}

fn mixed(below: Rgb, above: Rgb, share: f32) -> Rgb {
    let channel = |below: u8, above: u8| {
        let value =
            f32::from(below) + (f32::from(above) - f32::from(below)) * share.clamp(0.0, 1.0);
        value.round() as u8
    };
    Rgb {
        red: channel(below.red, above.red),
        green: channel(below.green, above.green),
        blue: channel(below.blue, above.blue),
    }
}
