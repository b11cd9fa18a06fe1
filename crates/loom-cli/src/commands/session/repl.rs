//! The session on a terminal: a prompt, the answer as it comes, the next prompt.
//!
//! The line editor owns the terminal while the person types and gives it back while the agent
//! works; it blocks, so it lives on a thread of its own. While the agent works Ctrl-C arrives as a
//! signal, and whatever else is typed waits for the next prompt.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use loom_cli_session::{Approvals, PermissionAnswer, PermissionRequest, Session};
use loom_common_core::Message;
use loom_common_core::stream::ThreadEvent;
use loom_common_version::VERSION;
use rustyline::error::ReadlineError;
use rustyline::{DefaultEditor, EditMode};
use serde_json::Value;
use tokio::sync::mpsc;

use super::type_ahead::TypeAhead;
use crate::arguments::SessionArguments;
use crate::error::CliError;
use crate::interrupt::{Interrupt, Interrupts};
use crate::render::{PlainView, headline};
use crate::setting::Setting;

const HELP: &str = "\
/help    shows this
/thread  shows the id of this thread
/exit    ends, as Ctrl-D does
Ctrl-C stops the turn, or clears the line. The thread is saved all along;
`loom --continue` goes on with it.
";

pub(super) async fn run(setting: &Setting, arguments: &SessionArguments) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::usage("standard input is not a terminal")
            .hint("`loom -p PROMPT` works without one"));
    }
    let mut interrupts = Interrupts::listen()?;
    let (ask, questions) = mpsc::channel(1);
    let started = tokio::select! {
        started = super::start(setting, arguments, Approvals::Ask(ask)) => started?,
        _ = interrupts.next() => return Err(CliError::interrupted("interrupted")),
    };
    let mut repl = Repl {
        editor: LineEditor::new(setting.directories().state()?.join("history"))?,
        session: started.session,
        view: PlainView::new(anstream::stdout()),
        questions,
        interrupts,
        thread_id: String::new(),
    };
    repl.greet(started.recap, started.warning).await?;
    let _type_ahead = TypeAhead::keep()?;
    let outcome = repl.converse().await;
    let _ = repl.session.handle.shutdown().await;
    while repl.session.events.recv().await.is_some() {}
    outcome
}

struct Repl {
    editor: LineEditor,
    session: Session,
    view: PlainView<anstream::Stdout>,
    questions: mpsc::Receiver<PermissionRequest>,
    interrupts: Interrupts,
    thread_id: String,
}

/// What a turn left the person with.
#[derive(PartialEq, Eq)]
enum AfterTurn {
    NextPrompt,
    End,
}

impl Repl {
    async fn greet(
        &mut self,
        recap: Option<String>,
        warning: Option<String>,
    ) -> Result<(), CliError> {
        let Some(ThreadEvent::ThreadStarted {
            thread_id,
            cwd,
            provider,
            model,
            permission_mode,
            ..
        }) = self.session.events.recv().await
        else {
            return Err(CliError::failed("the session broke off; this is a defect"));
        };
        let mut output = anstream::stdout().lock();
        writeln!(
            output,
            "loom {VERSION} · {model} ({provider}) · mode {permission_mode} · {cwd}"
        )?;
        writeln!(output, "/help says what there is; Ctrl-D ends.")?;
        if let Some(recap) = recap {
            write!(output, "{recap}")?;
        }
        if let Some(warning) = warning {
            writeln!(output, "warning: {warning}")?;
        }
        self.thread_id = thread_id;
        Ok(())
    }

    async fn converse(&mut self) -> Result<(), CliError> {
        loop {
            let line = match self.editor.read("\n> ").await? {
                Line::Text(line) => line,
                Line::Cleared => continue,
                Line::End => return Ok(()),
            };
            match line.trim() {
                "" => continue,
                "/exit" | "/quit" => return Ok(()),
                "/help" => write!(anstream::stdout(), "{HELP}")?,
                "/thread" => writeln!(anstream::stdout(), "{}", self.thread_id)?,
                command if is_unknown_command(command) => {
                    writeln!(anstream::stdout(), "no command {command}; /help lists them")?;
                }
                _ => {
                    self.session.handle.prompt(Message::user(line)).await?;
                    if self.turn().await? == AfterTurn::End {
                        return Err(CliError::interrupted("interrupted"));
                    }
                }
            }
        }
    }

    /// Draws a turn to its end.
    async fn turn(&mut self) -> Result<AfterTurn, CliError> {
        let mut stops = 0;
        loop {
            let event = tokio::select! {
                event = self.session.events.recv() => event,
                Some(request) = self.questions.recv() => {
                    self.answer(request).await?;
                    continue;
                }
                interrupt = self.interrupts.next() => {
                    stops += 1;
                    if interrupt == Interrupt::End || stops > 2 {
                        return Ok(AfterTurn::End);
                    }
                    self.session.handle.cancel().await?;
                    continue;
                }
            };
            let event =
                event.ok_or_else(|| CliError::failed("the session broke off; this is a defect"))?;
            self.view.draw(&event)?;
            if matches!(
                event,
                ThreadEvent::TurnCompleted { .. } | ThreadEvent::TurnFailed { .. }
            ) {
                return Ok(AfterTurn::NextPrompt);
            }
        }
    }

    /// Asks the person whether a tool may run.
    async fn answer(&mut self, request: PermissionRequest) -> Result<(), CliError> {
        // The events that led to the question are drawn before it.
        while let Ok(event) = self.session.events.try_recv() {
            self.view.draw(&event)?;
        }
        let call = &request.call;
        let arguments = call.parse_arguments().map_or(Value::Null, Value::Object);
        let question = format!(
            "allow {}? [y]es, [n]o, or say what to do instead: ",
            headline(&call.name, &arguments)
        );
        let answer = match self.editor.read(&question).await? {
            Line::Text(line) => match line.trim().to_lowercase().as_str() {
                "y" | "yes" => PermissionAnswer::Allow,
                "" | "n" | "no" => PermissionAnswer::Deny { instead: None },
                _ => PermissionAnswer::Deny {
                    instead: Some(line.trim().to_owned()),
                },
            },
            Line::Cleared | Line::End => {
                // Ctrl-C at a question means what it means everywhere: stop the turn.
                self.session.handle.cancel().await?;
                PermissionAnswer::Deny { instead: None }
            }
        };
        // The call may have been cancelled meanwhile.
        let _ = request.answer.send(answer);
        Ok(())
    }
}

/// A word behind a slash is meant as a command; a path such as `/etc/hosts is odd` is not.
fn is_unknown_command(line: &str) -> bool {
    line.strip_prefix('/')
        .is_some_and(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric))
}

/// What the person typed.
enum Line {
    Text(String),
    /// Ctrl-C.
    Cleared,
    /// Ctrl-D.
    End,
}

/// A line editor with a history file.
struct LineEditor {
    /// None while a thread works with it.
    editor: Option<DefaultEditor>,
    history: PathBuf,
}

impl LineEditor {
    fn new(history: PathBuf) -> Result<Self, CliError> {
        let config = rustyline::Config::builder()
            .edit_mode(EditMode::Emacs)
            .auto_add_history(false)
            .max_history_size(1000)
            .map_err(terminal_error)?
            .build();
        let mut editor = DefaultEditor::with_config(config).map_err(terminal_error)?;
        // There is no history the first time.
        let _ = editor.load_history(&history);
        Ok(Self {
            editor: Some(editor),
            history,
        })
    }

    async fn read(&mut self, prompt: &str) -> Result<Line, CliError> {
        let gone = || CliError::failed("the line editor broke off; this is a defect");
        let mut editor = self.editor.take().ok_or_else(gone)?;
        let prompt = prompt.to_owned();
        let history = self.history.clone();
        let (editor, line) = tokio::task::spawn_blocking(move || {
            let line = editor.readline(&prompt);
            if let Ok(line) = &line
                && prompt.trim() == ">"
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
            Ok(line) => Ok(Line::Text(line)),
            Err(ReadlineError::Interrupted) => Ok(Line::Cleared),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(terminal_error(error)),
        }
    }
}

fn terminal_error(error: ReadlineError) -> CliError {
    CliError::failed(format!("the terminal does not work: {error}"))
        .hint("`loom -p PROMPT` works without one")
}
