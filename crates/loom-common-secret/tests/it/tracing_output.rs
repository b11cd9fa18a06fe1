//! What a real subscriber writes when a secret is recorded.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use loom_common_secret::SecretString;
use tracing_subscriber::fmt::MakeWriter;

/// Keeps everything that a subscriber writes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        )
        .unwrap_or_default()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn record_in_every_way() {
    let secret = SecretString::new("hunter2".to_owned());
    let holder = Some(&secret);
    let span = tracing::info_span!("span", %secret, debug = ?secret);
    let _inside = span.enter();
    tracing::info!(?secret, display = %secret, ?holder, "in the message: {secret} {secret:?}");
}

#[test]
fn text_logs_never_show_it() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .without_time()
        .finish();
    tracing::subscriber::with_default(subscriber, record_in_every_way);
    assert_eq!(
        log.text(),
        " INFO span{secret=[REDACTED] debug=[REDACTED]}: it::tracing_output: in the message: \
         [REDACTED] [REDACTED] secret=[REDACTED] display=[REDACTED] holder=Some([REDACTED])\n"
    );
}

#[test]
fn json_logs_never_show_it() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(log.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, record_in_every_way);
    let text = log.text();
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(text.matches("[REDACTED]").count(), 9, "{text}");
}
