//! A log without secrets, for `tracing_subscriber`.
//!
//! What is logged is made up from many places: errors of libraries, answers of servers, what people typed.
//! Each line passes here on its way out, whoever wrote it.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

use crate::Redactor;

/// Makes writers that take the secrets out of what another writer gets.
#[derive(Debug)]
pub struct RedactedLog<M> {
    writers: M,
    redactor: Redactor,
}

impl<M> RedactedLog<M> {
    /// Surrounds `writers`.
    pub fn new(writers: M, redactor: Redactor) -> Self {
        Self { writers, redactor }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for RedactedLog<M> {
    type Writer = RedactedLine<'a, M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactedLine {
            writer: self.writers.make_writer(),
            redactor: &self.redactor,
            line: Vec::new(),
        }
    }
}

/// One event of the log. It is written when it is whole: when this is dropped.
#[derive(Debug)]
pub struct RedactedLine<'a, W: Write> {
    writer: W,
    redactor: &'a Redactor,
    line: Vec<u8>,
}

impl<W: Write> Write for RedactedLine<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.line.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Drop for RedactedLine<'_, W> {
    fn drop(&mut self) {
        let line = self.redactor.redact_bytes(&self.line);
        // A log that cannot be written has nowhere to say so.
        let _ = self
            .writer
            .write_all(&line)
            .and_then(|()| self.writer.flush());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use loom_common_secret::SecretString;

    use super::*;
    use crate::KnownSecrets;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_secret_is_taken_out_of_messages_fields_and_spans() {
        let written = Written::default();
        let mut known = KnownSecrets::new();
        let key = SecretString::new("swordfish-0123456789".to_owned());
        known.add("provider-key", &key).unwrap();
        let sink = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .without_time()
            .with_writer(RedactedLog::new(move || sink.clone(), Redactor::new(known)))
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request", url = "/?key=swordfish-0123456789");
            span.in_scope(|| tracing::warn!(answer = "bad swordfish-0123456789", "no luck"));
            tracing::info!("nothing secret");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("swordfish"), "{text}");
        assert_eq!(text.matches("[REDACTED:provider-key]").count(), 2, "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
