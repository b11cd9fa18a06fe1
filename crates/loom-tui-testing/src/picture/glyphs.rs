//! Letters: DejaVu Sans Mono, then DejaVu Sans, then Unifont, then a box.

use ab_glyph::{Font, FontRef, Glyph, OutlinedGlyph, PxScale, point};
use ratatui::buffer::CellWidth;
use ratatui::style::Modifier;

use super::{CELL_HEIGHT, CELL_WIDTH, Coverage};

/// Height of the font from its highest to its lowest, in pixels: then letters are as wide as a cell.
const SCALE: f32 = 19.3;
/// From the top of a cell down to the line that letters stand on.
const BASELINE: f32 = 15.6;

/// The fonts that letters are taken from.
pub(super) struct Fonts {
    regular: FontRef<'static>,
    bold: FontRef<'static>,
    oblique: FontRef<'static>,
    bold_oblique: FontRef<'static>,
    symbols: FontRef<'static>,
}

impl Fonts {
    pub(super) fn new() -> Self {
        let font = |bytes| FontRef::try_from_slice(bytes).expect("the fonts are whole");
        Self {
            regular: font(dejavu::sans_mono::regular()),
            bold: font(dejavu::sans_mono::bold()),
            oblique: font(dejavu::sans_mono::oblique()),
            bold_oblique: font(dejavu::sans_mono::bold_oblique()),
            symbols: font(dejavu::sans::regular()),
        }
    }

    /// Draws a cluster.
    pub(super) fn draw(
        &self,
        cluster: &str,
        width: usize,
        modifier: Modifier,
        cover: &mut Coverage<'_>,
    ) {
        let is_bold = modifier.contains(Modifier::BOLD);
        let font = match (is_bold, modifier.contains(Modifier::ITALIC)) {
            (false, false) => &self.regular,
            (true, false) => &self.bold,
            (false, true) => &self.oblique,
            (true, true) => &self.bold_oblique,
        };
        let mut next = 0;
        for character in cluster.chars() {
            let is_joiner = matches!(character, '\u{200c}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}');
            if is_joiner {
                continue;
            }
            // Letters stand side by side, as far as the cluster has cells; marks over their letter.
            let own = CELL_WIDTH * usize::from(character.encode_utf8(&mut [0; 4]).cell_width());
            let left = if own == 0 {
                next.max(CELL_WIDTH) - CELL_WIDTH
            } else {
                next
            };
            let own = own.clamp(CELL_WIDTH, width);
            let left = left.min(width - own);
            next = left + own;
            let cover = &mut |x: usize, y: usize, share: f32| cover(left + x, y, share);
            // Faces of emoji are more than a monospaced font has, and take two cells.
            let is_drawn = outline(font, character, CELL_WIDTH, cover)
                || outline(&self.regular, character, CELL_WIDTH, cover)
                || bitmap(character, own, cover)
                || outline(&self.symbols, character, own, cover);
            if !is_drawn {
                missing(own, cover);
            }
        }
    }
}

/// Draws a letter of a font, if the font has it. One that is wider than the cells is made smaller.
fn outline(
    font: &FontRef<'static>,
    character: char,
    width: usize,
    cover: &mut Coverage<'_>,
) -> bool {
    let id = font.glyph_id(character);
    if id.0 == 0 {
        return false;
    }
    let outlined = |scale: f32, left: f32| -> Option<OutlinedGlyph> {
        let glyph: Glyph = id.with_scale_and_position(PxScale::from(scale), point(left, BASELINE));
        font.outline_glyph(glyph)
    };
    let Some(mut glyph) = outlined(SCALE, 0.0) else {
        // A space of some kind.
        return true;
    };
    let available = width as f32;
    if glyph.px_bounds().width() > available + 2.0 {
        let scale = SCALE * available / glyph.px_bounds().width();
        let Some(smaller) = outlined(scale, 0.0) else {
            return true;
        };
        glyph = smaller;
    }
    let bounds = glyph.px_bounds();
    glyph.draw(|x, y, share| {
        let (x, y) = (bounds.min.x + x as f32, bounds.min.y + y as f32);
        if x >= 0.0 && y >= 0.0 {
            cover(x as usize, y as usize, share);
        }
    });
    true
}

/// Draws a letter of Unifont, stretched to the cells.
fn bitmap(character: char, width: usize, cover: &mut Coverage<'_>) -> bool {
    let Some(glyph) = unifont::get_glyph(character) else {
        return false;
    };
    let columns = glyph.get_width();
    // Each pixel takes as much ink as lies under it in the smaller picture.
    const STEPS: usize = 4;
    for y in 0..CELL_HEIGHT {
        for x in 0..width {
            let mut hits = 0;
            for sub_y in 0..STEPS {
                for sub_x in 0..STEPS {
                    let column = (x * STEPS + sub_x) * columns / (width * STEPS);
                    let row = (y * STEPS + sub_y) * 16 / (CELL_HEIGHT * STEPS);
                    hits += usize::from(glyph.get_pixel(column, row));
                }
            }
            if hits > 0 {
                cover(x, y, hits as f32 / (STEPS * STEPS) as f32);
            }
        }
    }
    true
}

/// Draws a box for a letter that no font has.
fn missing(width: usize, cover: &mut Coverage<'_>) {
    for y in 3..CELL_HEIGHT - 3 {
        for x in 1..width - 1 {
            let is_edge = y == 3 || y == CELL_HEIGHT - 4 || x == 1 || x == width - 2;
            cover(x, y, if is_edge { 1.0 } else { 0.25 });
        }
    }
}
