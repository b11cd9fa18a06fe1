//! A line on the terminal that shows how far a scan is.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use loom_cli_redact::Progress;
use tokio::sync::oneshot;

/// How often the line is drawn anew.
const BEAT: Duration = Duration::from_millis(100);

/// With the number of bytes known, and without.
const BAR: &str = "{spinner} {bar:30} {bytes} of {total_bytes}  {msg}";
const COUNTER: &str = "{spinner} {bytes}  {msg}";

/// Draws until it is dropped, if there is a terminal to draw on. `total` comes with the number of bytes.
pub(super) async fn draw(progress: Arc<Progress>, mut total: oneshot::Receiver<u64>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20));
    bar.set_style(style(COUNTER));
    // A bar that is dropped leaves its line there.
    let bar = Cleared(bar);
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            Ok(bytes) = &mut total, if !total.is_terminated() => {
                bar.0.set_length(bytes);
                bar.0.set_style(style(BAR));
            }
            _ = beat.tick() => {}
        }
        bar.0.set_position(progress.bytes());
        bar.0.set_message(format!(
            "{} files, {} found",
            progress.files(),
            progress.leaks()
        ));
        bar.0.tick();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
