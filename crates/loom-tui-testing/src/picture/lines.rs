//! Lines, blocks and shades, drawn by geometry so that they meet at the edges of cells.
//!
//! A box character is told by what each of its four arms is: nothing, light, heavy or double.

use super::{CELL_HEIGHT, CELL_WIDTH, Coverage};

/// An arm of a box character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arm {
    None,
    Light,
    Heavy,
    Double,
}

const MIDDLE_X: usize = CELL_WIDTH / 2;
const MIDDLE_Y: usize = CELL_HEIGHT / 2;

/// Draws a character if it is a line, a block or a shade.
pub(super) fn draw(character: char, cover: &mut Coverage<'_>) -> bool {
    if let Some(arms) = arms(character) {
        draw_arms(arms, cover);
        return true;
    }
    match character {
        '╭' | '╮' | '╯' | '╰' => draw_arc(character, cover),
        '┄' | '┈' | '╌' => dashed(true, cover),
        '┆' | '┊' | '╎' => dashed(false, cover),
        '▀' => fill(0..CELL_WIDTH, 0..MIDDLE_Y, 1.0, cover),
        '▐' => fill(MIDDLE_X..CELL_WIDTH, 0..CELL_HEIGHT, 1.0, cover),
        '▔' => fill(0..CELL_WIDTH, 0..2, 1.0, cover),
        '▕' => fill(CELL_WIDTH - 1..CELL_WIDTH, 0..CELL_HEIGHT, 1.0, cover),
        '░' => fill(0..CELL_WIDTH, 0..CELL_HEIGHT, 0.25, cover),
        '▒' => fill(0..CELL_WIDTH, 0..CELL_HEIGHT, 0.5, cover),
        '▓' => fill(0..CELL_WIDTH, 0..CELL_HEIGHT, 0.75, cover),
        // Eighths of a block from below, then from the left.
        '▁'..='█' => {
            let eighths = character as usize - '▁' as usize + 1;
            let top = CELL_HEIGHT - CELL_HEIGHT * eighths / 8;
            fill(0..CELL_WIDTH, top..CELL_HEIGHT, 1.0, cover);
        }
        '▉'..='▏' => {
            let eighths = 7 - (character as usize - '▉' as usize);
            let right = (CELL_WIDTH * eighths).div_ceil(8);
            fill(0..right, 0..CELL_HEIGHT, 1.0, cover);
        }
        '▖'..='▟' => quadrants(character, cover),
        '⠀'..='⣿' => braille(character, cover),
        _ => return false,
    }
    true
}

fn fill(
    columns: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
    share: f32,
    cover: &mut Coverage<'_>,
) {
    for y in rows {
        for x in columns.clone() {
            cover(x, y, share);
        }
    }
}

/// Returns the arms of a box character: left, up, right, down.
fn arms(character: char) -> Option<[Arm; 4]> {
    use Arm::{Double as D, Heavy as H, Light as L, None as N};
    let table = [
        ('─', [L, N, L, N]),
        ('━', [H, N, H, N]),
        ('│', [N, L, N, L]),
        ('┃', [N, H, N, H]),
        ('┌', [N, N, L, L]),
        ('┐', [L, N, N, L]),
        ('└', [N, L, L, N]),
        ('┘', [L, L, N, N]),
        ('├', [N, L, L, L]),
        ('┤', [L, L, N, L]),
        ('┬', [L, N, L, L]),
        ('┴', [L, L, L, N]),
        ('┼', [L, L, L, L]),
        ('┏', [N, N, H, H]),
        ('┓', [H, N, N, H]),
        ('┗', [N, H, H, N]),
        ('┛', [H, H, N, N]),
        ('┣', [N, H, H, H]),
        ('┫', [H, H, N, H]),
        ('┳', [H, N, H, H]),
        ('┻', [H, H, H, N]),
        ('╋', [H, H, H, H]),
        ('┝', [N, L, H, L]),
        ('┥', [H, L, N, L]),
        ('┠', [N, H, L, H]),
        ('┨', [L, H, N, H]),
        ('┯', [H, N, H, L]),
        ('┷', [H, L, H, N]),
        ('┿', [H, L, H, L]),
        ('╂', [L, H, L, H]),
        ('═', [D, N, D, N]),
        ('║', [N, D, N, D]),
        ('╔', [N, N, D, D]),
        ('╗', [D, N, N, D]),
        ('╚', [N, D, D, N]),
        ('╝', [D, D, N, N]),
        ('╠', [N, D, D, D]),
        ('╣', [D, D, N, D]),
        ('╦', [D, N, D, D]),
        ('╩', [D, D, D, N]),
        ('╬', [D, D, D, D]),
        ('╞', [N, L, D, L]),
        ('╡', [D, L, N, L]),
        ('╪', [D, L, D, L]),
        ('╴', [L, N, N, N]),
        ('╵', [N, L, N, N]),
        ('╶', [N, N, L, N]),
        ('╷', [N, N, N, L]),
        ('╸', [H, N, N, N]),
        ('╹', [N, H, N, N]),
        ('╺', [N, N, H, N]),
        ('╻', [N, N, N, H]),
    ];
    table
        .iter()
        .find(|(known, _)| *known == character)
        .map(|(_, arms)| *arms)
}

/// Returns the pixels that a stroke takes across, counted from the middle.
const fn strokes(arm: Arm) -> &'static [isize] {
    match arm {
        Arm::None => &[],
        Arm::Light => &[-1, 0],
        Arm::Heavy => &[-2, -1, 0, 1],
        Arm::Double => &[-3, 2],
    }
}

fn draw_arms([left, up, right, down]: [Arm; 4], cover: &mut Coverage<'_>) {
    let mut is_inked = [[false; CELL_WIDTH]; CELL_HEIGHT];
    let at = |middle: usize, offset: isize| middle.saturating_add_signed(offset);
    // Arms reach past the middle by half of what crosses them, so that corners are closed.
    let past = |a: Arm, b: Arm| {
        let across = strokes(a).iter().chain(strokes(b)).max();
        usize::try_from(across.copied().unwrap_or(0).max(0)).unwrap_or(0) + 1
    };
    let (past_x, past_y) = (past(up, down), past(left, right));
    for (arm, columns) in [
        (left, 0..MIDDLE_X + past_x - 1),
        (right, MIDDLE_X - past_x..CELL_WIDTH),
    ] {
        for &offset in strokes(arm) {
            columns
                .clone()
                .for_each(|x| is_inked[at(MIDDLE_Y, offset)][x] = true);
        }
    }
    for (arm, rows) in [
        (up, 0..MIDDLE_Y + past_y - 1),
        (down, MIDDLE_Y - past_y..CELL_HEIGHT),
    ] {
        for &offset in strokes(arm) {
            rows.clone()
                .for_each(|y| is_inked[y][at(MIDDLE_X, offset)] = true);
        }
    }
    for (y, row) in is_inked.iter().enumerate() {
        for (x, _) in row.iter().enumerate().filter(|(_, is_inked)| **is_inked) {
            cover(x, y, 1.0);
        }
    }
}

/// Draws a rounded corner: a quarter of a circle between straight ends.
fn draw_arc(character: char, cover: &mut Coverage<'_>) {
    let radius = MIDDLE_X as f32;
    let (to_right, to_bottom) = match character {
        '╭' => (true, true),
        '╮' => (false, true),
        '╰' => (true, false),
        _ => (false, false),
    };
    // Where the circle's middle is.
    let center_x = if to_right { CELL_WIDTH as f32 } else { 0.0 };
    let center_y = MIDDLE_Y as f32 + if to_bottom { radius } else { -radius };
    for y in 0..CELL_HEIGHT {
        for x in 0..CELL_WIDTH {
            let (dx, dy) = (x as f32 + 0.5 - center_x, y as f32 + 0.5 - center_y);
            let is_in_corner = if to_bottom { dy < 0.0 } else { dy > 0.0 };
            let off = if is_in_corner {
                (dx.hypot(dy) - radius).abs()
            } else {
                (dx.abs() - radius).abs()
            };
            let share = (1.5 - off).clamp(0.0, 1.0);
            let is_beside = if to_bottom {
                y + 2 > MIDDLE_Y
            } else {
                y < MIDDLE_Y + 2
            };
            if share > 0.0 && is_beside {
                cover(x, y, share);
            }
        }
    }
}

fn dashed(across: bool, cover: &mut Coverage<'_>) {
    let length = if across { CELL_WIDTH } else { CELL_HEIGHT };
    for along in (0..length).filter(|along| along % 5 < 3) {
        for offset in [1, 0] {
            match across {
                true => cover(along, MIDDLE_Y - offset, 1.0),
                false => cover(MIDDLE_X - offset, along, 1.0),
            }
        }
    }
}

fn quadrants(character: char, cover: &mut Coverage<'_>) {
    // Upper left, upper right, lower left, lower right, from U+2596 on.
    const PARTS: [u8; 10] = [
        0b0010, 0b0001, 0b1000, 0b1011, 0b1001, 0b1110, 0b1101, 0b0100, 0b0110, 0b0111,
    ];
    let parts = PARTS[character as usize - '▖' as usize];
    for (bit, columns, rows) in [
        (0b1000, 0..MIDDLE_X, 0..MIDDLE_Y),
        (0b0100, MIDDLE_X..CELL_WIDTH, 0..MIDDLE_Y),
        (0b0010, 0..MIDDLE_X, MIDDLE_Y..CELL_HEIGHT),
        (0b0001, MIDDLE_X..CELL_WIDTH, MIDDLE_Y..CELL_HEIGHT),
    ] {
        if parts & bit != 0 {
            fill(columns, rows, 1.0, cover);
        }
    }
}

fn braille(character: char, cover: &mut Coverage<'_>) {
    let dots = character as u32 - '⠀' as u32;
    // Dots 1 to 8: three down on the left, three on the right, then one more on each side.
    const PLACES: [(usize, usize); 8] = [
        (0, 0),
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 1),
        (1, 2),
        (0, 3),
        (1, 3),
    ];
    for (bit, (column, row)) in PLACES.into_iter().enumerate() {
        if dots & (1 << bit) != 0 {
            let (left, top) = (1 + column * 5, 1 + row * 5);
            fill(left..left + 3, top..top + 3, 1.0, cover);
        }
    }
}
