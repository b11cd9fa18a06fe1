//! The segments of the line, and which of them fit.

use loom_common_core::PermissionMode;
use loom_tui_core::{Display, width};
use loom_tui_theme::Role;

use crate::{Sandbox, Status};

/// Cells between two segments.
const SEPARATOR: usize = 3;
/// Cells between the left and the right side, at least.
const GAP: usize = 2;
/// Cells of the picture of the context.
const METER: u64 = 8;

/// On which side of the line a segment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Something that the line says, in ways from the longest to the shortest, each with what would be lost
/// without it: the way that matters least is left first.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    side: Side,
    role: Role,
    ways: Vec<(u8, String)>,
}

impl Segment {
    /// Returns what it says, and in which role.
    pub(crate) fn said(&self) -> (&str, Role) {
        (
            self.ways.first().map_or("", |(_, text)| text.as_str()),
            self.role,
        )
    }

    fn cells(&self) -> usize {
        width(self.said().0)
    }

    fn is_silent(&self) -> bool {
        self.ways.is_empty()
    }
}

/// Returns all segments, each in its longest way, in the order in which they stand.
pub(crate) fn segments(status: &Status, display: &Display) -> Vec<Segment> {
    let segment = |side, role, ways| Segment { side, role, ways };
    let mut all = Vec::new();
    let (mode, role) = mode(status.mode);
    let ways = vec![(50, format!("{mode} mode")), (90, mode.to_owned())];
    all.push(segment(Side::Left, role, ways));
    let (weight, sandbox, role) = match status.sandbox {
        Sandbox::On => (30, "sandbox", Role::Muted),
        Sandbox::Off => (80, "no sandbox", Role::Warning),
        Sandbox::Unavailable => (80, "sandbox unavailable", Role::Warning),
    };
    all.push(segment(
        Side::Left,
        role,
        vec![(weight, sandbox.to_owned())],
    ));
    let mut ways = vec![(60, status.model.to_string())];
    if let Some(effort) = &status.effort {
        ways.insert(0, (35, format!("{} ({effort})", status.model)));
    }
    all.push(segment(Side::Left, Role::StatusBar, ways));
    if status.queued > 0 {
        let ways = vec![(55, format!("{} queued", status.queued))];
        all.push(segment(Side::Left, Role::Info, ways));
    }
    if let Some(branch) = &status.branch {
        let ways = vec![(20, format!("{}{branch}", display.pick("⎇ ", "")))];
        all.push(segment(Side::Right, Role::Muted, ways));
    }
    let (ways, role) = context(status, display);
    all.push(segment(Side::Right, role, ways));
    if let Some(micros) = status.cost_micros {
        all.push(segment(Side::Right, Role::Muted, vec![(45, cost(micros))]));
    }
    all
}

const fn mode(mode: PermissionMode) -> (&'static str, Role) {
    match mode {
        PermissionMode::Plan => ("plan", Role::ModePlan),
        PermissionMode::Ask => ("ask", Role::ModeAsk),
        PermissionMode::Auto => ("auto", Role::ModeAuto),
        PermissionMode::Full => ("full", Role::ModeFull),
    }
}

/// Says how full the context is: as a picture, as a share, or in tokens where the whole is unknown.
fn context(status: &Status, display: &Display) -> (Vec<(u8, String)>, Role) {
    let Some(window) = status.window_tokens.filter(|window| *window > 0) else {
        let used = format!("{} tokens", tokens(status.used_tokens));
        return (vec![(70, used)], Role::Muted);
    };
    let used = status.used_tokens;
    let share = u128::from(used) * 100 / u128::from(window);
    let filled = (u128::from(used) * u128::from(METER) / u128::from(window)).min(u128::from(METER));
    let filled = usize::try_from(filled).unwrap_or(0);
    let rest = usize::try_from(METER).unwrap_or(0) - filled;
    let meter = format!(
        "{}{}",
        display.pick("█", "#").repeat(filled),
        display.pick("░", ".").repeat(rest)
    );
    let role = match share {
        0..80 => Role::Muted,
        80..95 => Role::Warning,
        _ => Role::Error,
    };
    let ways = vec![
        (10, format!("{meter} {share}% of {}", tokens(window))),
        (40, format!("{meter} {share}%")),
        (70, format!("{share}%")),
    ];
    (ways, role)
}

/// Writes a count of tokens short: `950`, `12.4k`, `200k`, `1.2M`.
fn tokens(count: u64) -> String {
    let short = |unit: u64, letter| {
        let tenths = count / (unit / 10);
        match (tenths / 10, tenths % 10) {
            (whole, 0) => format!("{whole}{letter}"),
            (whole @ 100.., _) => format!("{whole}{letter}"),
            (whole, tenth) => format!("{whole}.{tenth}{letter}"),
        }
    };
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => short(1_000, 'k'),
        _ => short(1_000_000, 'M'),
    }
}

/// Writes an amount in dollars: to the cent, and below a cent to its tenth.
fn cost(micros: u64) -> String {
    match micros {
        0 => "$0.00".to_owned(),
        1..10_000 => format!(
            "${}.{:03}",
            micros / 1_000_000,
            (micros % 1_000_000).div_ceil(1_000)
        ),
        _ => {
            let cents = (micros + 5_000) / 10_000;
            format!("${}.{:02}", cents / 100, cents % 100)
        }
    }
}

/// Says segments in shorter ways, what matters least first, until they fit. Returns both sides.
pub(crate) fn fit(mut segments: Vec<Segment>, room: usize) -> [Vec<Segment>; 2] {
    while cells(&segments) > room {
        let least = segments
            .iter_mut()
            .filter(|segment| !segment.is_silent())
            .min_by_key(|segment| segment.ways.first().map(|(weight, _)| *weight));
        match least {
            Some(segment) => drop(segment.ways.remove(0)),
            None => break,
        }
    }
    let (left, right) = segments
        .into_iter()
        .filter(|segment| !segment.is_silent())
        .partition(|segment| segment.side == Side::Left);
    [left, right]
}

fn cells(segments: &[Segment]) -> usize {
    let side = |side| {
        let said = segments
            .iter()
            .filter(move |segment| segment.side == side && !segment.is_silent());
        let count = said.clone().count();
        said.map(Segment::cells).sum::<usize>() + SEPARATOR * count.saturating_sub(1)
    };
    match (side(Side::Left), side(Side::Right)) {
        (left, 0) => left,
        (0, right) => right,
        (left, right) => left + GAP + right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        let counts = [
            0, 999, 1_000, 12_449, 199_999, 200_000, 1_000_000, 1_250_000,
        ];
        let said = counts.map(tokens);
        assert_eq!(
            said,
            ["0", "999", "1k", "12.4k", "199k", "200k", "1M", "1.2M"]
        );
    }

    #[test]
    fn amounts_are_in_dollars() {
        let amounts = [0, 1, 4_200, 9_999, 10_000, 123_456, 12_345_678];
        let said = amounts.map(cost);
        assert_eq!(
            said,
            [
                "$0.00", "$0.001", "$0.005", "$0.010", "$0.01", "$0.12", "$12.35"
            ]
        );
    }
}
