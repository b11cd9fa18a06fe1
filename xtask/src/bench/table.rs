//! Measured values, and the table that they are shown in.

use std::fmt::Write;
use std::time::Duration;

/// What was measured of one thing, and what it is held against.
pub(super) struct Measurement {
    pub(super) what: String,
    pub(super) unit: &'static str,
    pub(super) sample: Sample,
    pub(super) yardsticks: Vec<Yardstick>,
}

/// A value to compare with, in the unit of the measurement.
pub(super) struct Yardstick {
    pub(super) what: String,
    pub(super) value: f64,
}

impl Yardstick {
    /// A value that the measurement shall stay below.
    pub(super) fn target(value: f64) -> Self {
        Self {
            what: "target, at most".to_owned(),
            value,
        }
    }

    /// The median of another program, measured alike.
    pub(super) fn peer(name: &str, sample: &Sample) -> Self {
        Self {
            what: name.to_owned(),
            value: sample.median(),
        }
    }
}

/// Values of repeated measurements, sorted. There is at least one.
pub(super) struct Sample(Vec<f64>);

impl Sample {
    /// Returns `None` for no values.
    pub(super) fn new(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Self(values))
    }

    pub(super) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Returns the value below which a share of the values lies, interpolated between the two nearest.
    fn quantile(&self, share: f64) -> f64 {
        let place = share * (self.0.len() - 1) as f64;
        let (below, above) = (
            self.0[place.floor() as usize],
            self.0[place.ceil() as usize],
        );
        below + (above - below) * place.fract()
    }
}

/// Returns a duration in milliseconds.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Lays the measurements out, with a row for each yardstick.
pub(super) fn markdown(measurements: &[Measurement]) -> String {
    let mut rows =
        vec![["measured", "median", "p10 to p90", "n", "against", "ratio"].map(str::to_owned)];
    for Measurement {
        what,
        unit,
        sample,
        yardsticks,
    } in measurements
    {
        for Yardstick {
            what: against,
            value,
        } in yardsticks
        {
            rows.push([
                what.clone(),
                format!("{} {unit}", short(sample.median())),
                format!(
                    "{} to {}",
                    short(sample.quantile(0.1)),
                    short(sample.quantile(0.9))
                ),
                sample.0.len().to_string(),
                format!("{against}: {} {unit}", short(*value)),
                format!("{:.2}", sample.median() / value),
            ]);
        }
    }
    let widths: [usize; 6] = std::array::from_fn(|column| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    });
    rows.insert(1, widths.map(|width| "-".repeat(width)));
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
    }
    text
}

/// Writes a value with three significant digits, as far as they matter.
fn short(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_interpolated() {
        let sample = Sample::new([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(sample.median(), 2.5);
        assert_eq!(sample.quantile(0.0), 1.0);
        assert_eq!(sample.quantile(1.0), 4.0);
        assert!(Sample::new([]).is_none());
    }

    #[test]
    fn table_has_a_row_for_each_yardstick() {
        let peer = Sample::new([6.0]).unwrap();
        let measurement = Measurement {
            what: "start".to_owned(),
            unit: "ms",
            sample: Sample::new([2.0, 3.0, 4.0]).unwrap(),
            yardsticks: vec![Yardstick::target(10.0), Yardstick::peer("`rg`", &peer)],
        };
        assert_eq!(
            markdown(&[measurement]),
            "\
| measured | median  | p10 to p90   | n | against                  | ratio |
| -------- | ------- | ------------ | - | ------------------------ | ----- |
| start    | 3.00 ms | 2.20 to 3.80 | 3 | target, at most: 10.0 ms | 0.30  |
| start    | 3.00 ms | 2.20 to 3.80 | 3 | `rg`: 6.00 ms            | 0.50  |
"
        );
    }
}
