//! Events as JSON, one object a line.

use std::io::{self, Write};

use loom_common_core::stream::ThreadEvent;

/// Writes events as lines, each at once.
pub(crate) struct JsonLines<W> {
    output: W,
}

impl<W: Write> JsonLines<W> {
    /// Makes a writer onto `output`.
    pub(crate) fn new(output: W) -> Self {
        Self { output }
    }

    /// Writes one event.
    ///
    /// # Errors
    ///
    /// When the output is gone or full.
    pub(crate) fn draw(&mut self, event: &ThreadEvent) -> io::Result<()> {
        // One write for each line: readers that poll never see half of one from a short write.
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.output.write_all(&line)?;
        self.output.flush()
    }
}
