//! The session on a terminal: a prompt, the answer as it comes, the next prompt.
//!
//! The line editor owns the terminal while the person types and gives it back while the agent
//! works. While the agent works Ctrl-C arrives as a signal, and whatever else is typed waits for the
//! next prompt. A request to end the program is heeded at every point.

use std::io::{self, IsTerminal, Write};

use loom_cli_session::{Person, Session};
use loom_common_core::Message;
use loom_common_core::inquiry::{Answer, Inquiry};
use loom_common_core::stream::ThreadEvent;
use loom_common_version::VERSION;

use super::line_editor::{Line, LineEditor, Purpose};
use super::type_ahead::TypeAhead;
use crate::arguments::SessionArguments;
use crate::error::CliError;
use crate::interrupt::{Interrupt, Interrupts};
use crate::render::{PlainView, call_in_full, sanitize};
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
    let started = tokio::select! {
        started = super::assembly::start(setting, arguments, Person::Present) => started?,
        _ = interrupts.next() => return Err(CliError::interrupted("interrupted")),
    };
    let mut repl = Repl {
        editor: LineEditor::new(setting.directories().state()?)?,
        type_ahead: TypeAhead::keep()?,
        typed: String::new(),
        session: started.session,
        view: PlainView::new(anstream::stdout()),
        interrupts,
        thread_id: String::new(),
    };
    repl.greet(started.recap, started.warnings).await?;
    let outcome = repl.converse().await;
    repl.end().await?;
    outcome
}

struct Repl {
    editor: LineEditor,
    type_ahead: TypeAhead,
    /// What was typed before a question that it was not meant for.
    typed: String,
    session: Session,
    view: PlainView<anstream::Stdout>,
    interrupts: Interrupts,
    thread_id: String,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The turn goes on.
    Turn,
    /// The turn is over; the person's move.
    Prompt,
    /// The program was asked to end.
    End,
}

impl Repl {
    async fn greet(
        &mut self,
        recap: Option<String>,
        warnings: Vec<String>,
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
            return Err(broken_off());
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
        for warning in warnings {
            writeln!(output, "warning: {warning}")?;
        }
        self.thread_id = thread_id;
        Ok(())
    }

    async fn converse(&mut self) -> Result<(), CliError> {
        loop {
            let initial = std::mem::take(&mut self.typed);
            let line = match self
                .read(Purpose::Prompt, "\n> ".to_owned(), initial)
                .await?
            {
                Some(Line::Text(line)) => line,
                Some(Line::Cleared) => continue,
                Some(Line::End) => return Ok(()),
                None => return Err(CliError::interrupted("interrupted")),
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
                    self.interrupts.forget();
                    self.session.handle.prompt(Message::user(line)).await?;
                    if self.turn().await? == Next::End {
                        return Err(CliError::interrupted("interrupted"));
                    }
                }
            }
        }
    }

    /// Draws a turn to its end.
    async fn turn(&mut self) -> Result<Next, CliError> {
        let mut stops = 0;
        let next = loop {
            let next = tokio::select! {
                biased;
                interrupt = self.interrupts.next() => {
                    stops += 1;
                    if interrupt == Interrupt::End || stops > 2 {
                        break Next::End;
                    }
                    self.session.handle.cancel().await?;
                    Next::Turn
                }
                event = self.session.events.recv() => match event.ok_or_else(broken_off)? {
                    ThreadEvent::InquiryOpened { id, inquiry } => self.answer(id, inquiry).await?,
                    event => self.show(&event)?,
                },
            };
            if next != Next::Turn {
                break next;
            }
        };
        Ok(next)
    }

    fn show(&mut self, event: &ThreadEvent) -> io::Result<Next> {
        self.view.draw(event)?;
        Ok(match event {
            ThreadEvent::TurnCompleted { .. } | ThreadEvent::TurnFailed { .. } => Next::Prompt,
            _ => Next::Turn,
        })
    }

    /// Asks the person, and hands the answer on.
    async fn answer(&mut self, id: String, inquiry: Inquiry) -> Result<Next, CliError> {
        self.typed.push_str(&self.type_ahead.take());
        let Inquiry::Permission {
            name,
            arguments,
            reason,
            ..
        } = inquiry
        else {
            return Ok(Next::Turn);
        };
        write!(anstream::stdout(), "{}", call_in_full(&name, &arguments))?;
        writeln!(anstream::stdout(), "{}", sanitize(&reason))?;
        let question = "allow this? [y]es, [n]o, or say what to do instead: ".to_owned();
        let line = self.read(Purpose::Answer, question, String::new()).await?;
        let answer = match line {
            Some(Line::Text(line)) => match line.trim().to_lowercase().as_str() {
                "y" | "yes" => Answer::Allow { remember: None },
                "" | "n" | "no" => Answer::Deny { instead: None },
                _ => Answer::Deny {
                    instead: Some(line.trim().to_owned()),
                },
            },
            Some(Line::Cleared | Line::End) => {
                // Ctrl-C at a question means what it means everywhere: stop the turn.
                self.session.handle.cancel().await?;
                return Ok(Next::Turn);
            }
            None => return Ok(Next::End),
        };
        self.session.handle.answer(id, answer).await?;
        Ok(Next::Turn)
    }

    /// Reads a line; none when the program was asked to end.
    async fn read(
        &mut self,
        purpose: Purpose,
        prompt: String,
        initial: String,
    ) -> Result<Option<Line>, CliError> {
        let reading = self.editor.read(purpose, prompt, initial);
        tokio::pin!(reading);
        loop {
            tokio::select! {
                line = &mut reading => return Ok(Some(line?)),
                interrupt = self.interrupts.next() => {
                    if interrupt == Interrupt::End {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Ends the session and shows what it still has to say.
    async fn end(mut self) -> Result<(), CliError> {
        // A session that has ended by itself is as good.
        let _ = self.session.handle.shutdown().await;
        self.interrupts.forget();
        loop {
            let event = tokio::select! {
                event = self.session.events.recv() => event,
                _ = self.interrupts.next() => {
                    return Err(CliError::interrupted("interrupted; not everything is saved"));
                }
            };
            match event {
                Some(event) => self.view.draw(&event)?,
                None => return Ok(()),
            }
        }
    }
}

fn broken_off() -> CliError {
    CliError::failed("the session broke off; this is a defect")
}

/// A word behind a slash is meant as a command; a path such as `/etc/hosts is odd` is not.
fn is_unknown_command(line: &str) -> bool {
    line.strip_prefix('/')
        .is_some_and(|word| !word.is_empty() && word.chars().all(char::is_alphanumeric))
}
