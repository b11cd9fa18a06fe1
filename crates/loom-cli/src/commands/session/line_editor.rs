//! The line editor, with a history file.
//!
//! The editor blocks, so it works on a thread of its own and is handed back with the line. Should
//! the program end meanwhile, the thread is left behind in its read.

use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustyline::error::ReadlineError;
use rustyline::{
    Cmd, ConditionalEventHandler, DefaultEditor, EditMode, Event, EventContext, EventHandler,
    KeyCode, KeyEvent, Modifiers, RepeatCount,
};

use crate::error::CliError;

/// What the person typed.
pub(super) enum Line {
    Text(String),
    /// Shift-Tab, with what was typed so far.
    NextMode(String),
    /// Ctrl-C.
    Cleared,
    /// Ctrl-D.
    End,
}

/// What is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A prompt, which goes into the history.
    Prompt,
    /// The answer to a question.
    Answer,
}

pub(super) struct LineEditor {
    /// None while a thread works with it.
    editor: Option<DefaultEditor>,
    /// Set when a line was ended by the key for the next mode.
    next_mode: Arc<AtomicBool>,
    history: PathBuf,
}

impl LineEditor {
    /// Makes an editor whose history is kept in `folder`.
    pub(super) fn new(folder: PathBuf) -> Result<Self, CliError> {
        let config = rustyline::Config::builder()
            .edit_mode(EditMode::Emacs)
            .auto_add_history(false)
            .max_history_size(1000)
            .map_err(terminal_error)?
            .build();
        let mut editor = DefaultEditor::with_config(config).map_err(terminal_error)?;
        let next_mode = Arc::new(AtomicBool::new(false));
        editor.bind_sequence(
            KeyEvent(KeyCode::BackTab, Modifiers::NONE),
            EventHandler::Conditional(Box::new(NextModeKey(Arc::clone(&next_mode)))),
        );
        // Without a folder there is no history, which is no reason not to run.
        let _ = std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder);
        let history = folder.join("history");
        // There is no history the first time.
        let _ = editor.load_history(&history);
        Ok(Self {
            editor: Some(editor),
            next_mode,
            history,
        })
    }

    /// Reads a line behind `prompt`, beginning with the text `initial`.
    pub(super) async fn read(
        &mut self,
        purpose: Purpose,
        prompt: String,
        initial: String,
    ) -> Result<Line, CliError> {
        let gone = || CliError::failed("the line editor broke off; this is a defect");
        let mut editor = self.editor.take().ok_or_else(gone)?;
        let history = self.history.clone();
        let next_mode = Arc::clone(&self.next_mode);
        next_mode.store(false, Ordering::Relaxed);
        let (editor, line) = tokio::task::spawn_blocking(move || {
            let line = editor.readline_with_initial(&prompt, (&initial, ""));
            if let Ok(line) = &line
                && purpose == Purpose::Prompt
                && !is_next_mode(&next_mode)
                && editor.add_history_entry(line.trim_end()).unwrap_or(false)
            {
                // A history that cannot be saved is no reason to stop.
                let _ = editor.append_history(&history);
            }
            (editor, line)
        })
        .await
        .map_err(|_| gone())?;
        self.editor = Some(editor);
        match line {
            Ok(line) if is_next_mode(&self.next_mode) => Ok(Line::NextMode(line)),
            Ok(line) => Ok(Line::Text(line)),
            Err(ReadlineError::Interrupted) => Ok(Line::Cleared),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(terminal_error(error)),
        }
    }
}

fn is_next_mode(next_mode: &AtomicBool) -> bool {
    next_mode.load(Ordering::Relaxed)
}

/// Ends the line with a mark that it is not for sending.
struct NextModeKey(Arc<AtomicBool>);

impl ConditionalEventHandler for NextModeKey {
    fn handle(&self, _: &Event, _: RepeatCount, _: bool, _: &EventContext<'_>) -> Option<Cmd> {
        self.0.store(true, Ordering::Relaxed);
        Some(Cmd::AcceptLine)
    }
}

fn terminal_error(error: ReadlineError) -> CliError {
    CliError::failed(format!("the terminal does not work: {error}"))
        .hint("`loom -p PROMPT` works without one")
}
