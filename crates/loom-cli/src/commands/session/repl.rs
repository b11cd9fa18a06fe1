//! The session on a terminal: a prompt, the answer as it comes, the next prompt.
//!
//! The line editor owns the terminal while the person types and gives it back while the agent
//! works. While the agent works Ctrl-C arrives as a signal, and whatever else is typed waits for the
//! next prompt. A request to end the program is heeded at every point.

mod answers;
pub(crate) mod commands;
mod forms;
mod status;

use std::io::{self, IsTerminal, Write};

use loom_cli_instructions::INIT_PROMPT;
use loom_cli_rewind::OnConflict;
use loom_cli_session::{Person, Restore, RestoreScope, SessionError};
use loom_common_core::inquiry::{Inquiry, InquiryOutcome};
use loom_common_core::stream::ThreadEvent;
use loom_common_thread::ThreadId;
use loom_common_version::VERSION;

use self::answers::{Asking, Typed};
use self::commands::{Command, HELP, next_mode};
use self::status::Status;
use super::assembly::{Beginning, Started};
use super::line_editor::{Line, LineEditor, Purpose};
use super::own_commands::{Heard, Said};
use super::points;
use super::selection::Model;
use super::type_ahead::TypeAhead;
use crate::arguments::SessionArguments;
use crate::commands::mcp::listing;
use crate::commands::threads;
use crate::error::CliError;
use crate::interrupt::{Interrupt, Interrupts};
use crate::render::{PlainView, sanitize};
use crate::setting::Setting;

pub(super) async fn run(setting: &Setting, arguments: &SessionArguments) -> Result<(), CliError> {
    if !io::stdin().is_terminal() {
        return Err(CliError::usage("standard input is not a terminal")
            .hint("`loom -p PROMPT` works without one"));
    }
    let mut interrupts = Interrupts::listen()?;
    let beginning = Beginning {
        thread: arguments.into(),
        person: Person::Present,
        servers: Vec::new(),
    };
    let mut started = tokio::select! {
        started = super::assembly::start(setting, beginning) => started?,
        _ = interrupts.next() => return Err(CliError::interrupted("interrupted")),
    };
    let (thread_id, status) = greet(&mut started).await?;
    let mut repl = Repl {
        editor: LineEditor::new(setting.directories().state()?)?,
        type_ahead: TypeAhead::keep()?,
        typed: String::new(),
        answered: String::new(),
        started,
        view: PlainView::new(anstream::stdout()),
        interrupts,
        thread_id,
        status,
    };
    let outcome = repl.converse().await;
    repl.end().await?;
    outcome
}

/// Takes the first event, and says what begins.
async fn greet(started: &mut Started) -> Result<(ThreadId, Status), CliError> {
    let Some(ThreadEvent::ThreadStarted {
        thread_id,
        cwd,
        provider,
        model,
        permission_mode,
        ..
    }) = started.session.events.recv().await
    else {
        return Err(broken_off());
    };
    let mut output = anstream::stdout().lock();
    writeln!(
        output,
        "loom {VERSION} · {model} ({provider}) · mode {permission_mode} · {cwd}"
    )?;
    writeln!(output, "/help says what there is; Ctrl-D ends.")?;
    write!(output, "{}", threads::recap(&started.history))?;
    for warning in &started.warnings {
        writeln!(output, "warning: {}", sanitize(warning))?;
    }
    let id = thread_id.parse().map_err(|_| broken_off())?;
    let sandbox = started.sandbox.clone();
    Ok((id, Status::new(provider, model, permission_mode, sandbox)))
}

struct Repl {
    editor: LineEditor,
    type_ahead: TypeAhead,
    /// What was typed before a question that it was not meant for.
    typed: String,
    /// Id of the question that was answered last.
    answered: String,
    started: Started,
    view: PlainView<anstream::Stdout>,
    interrupts: Interrupts,
    thread_id: ThreadId,
    status: Status,
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
    async fn converse(&mut self) -> Result<(), CliError> {
        loop {
            let initial = std::mem::take(&mut self.typed);
            writeln!(anstream::stdout(), "\n{}", self.status.line())?;
            let prompt = format!("{}> ", self.status.mode);
            let line = match self.read(Purpose::Prompt, prompt, initial).await? {
                Some(Line::Text(line)) => line,
                Some(Line::NextMode(typed)) => {
                    self.typed = typed;
                    let mode = next_mode(self.status.mode);
                    self.started
                        .session
                        .handle
                        .set_permission_mode(mode)
                        .await?;
                    self.until_settings_changed().await?;
                    continue;
                }
                Some(Line::Cleared) => continue,
                Some(Line::End) => return Ok(()),
                None => return Err(CliError::interrupted("interrupted")),
            };
            let next = match commands::read(&line) {
                _ if line.trim().is_empty() => Next::Prompt,
                commands::Line::Command(Command::Exit) => return Ok(()),
                commands::Line::Command(command) => self.command(command).await?,
                commands::Line::Wrong(wrong) => tell(&wrong)?,
                commands::Line::Prompt | commands::Line::Other { .. } => self.say(&line).await?,
            };
            if next == Next::End {
                return Err(CliError::interrupted("interrupted"));
            }
        }
    }

    /// Says something to the agent, with what it means and mentions, and draws the turn.
    async fn say(&mut self, text: &str) -> Result<Next, CliError> {
        self.interrupts.forget();
        let Started {
            own_commands,
            models,
            ..
        } = &self.started;
        let heard = tokio::select! {
            heard = own_commands.hear(text, models, &self.status.provider) => heard,
            interrupt = self.interrupts.next() => {
                // What the prompt mentions takes too long; it is there to be said again.
                self.typed.push_str(text);
                return Ok(if interrupt == Interrupt::End { Next::End } else { Next::Prompt });
            }
        };
        let Heard { said, problems } = match heard {
            Ok(heard) => heard,
            Err(why) => return tell(&why.to_string()),
        };
        for problem in &problems {
            tell(problem)?;
        }
        self.interrupts.forget();
        let handle = &self.started.session.handle;
        match said {
            Said::Prompt(message) => handle.prompt(message).await?,
            Said::Command(command) => handle.run_command(*command).await?,
        }
        self.turn().await
    }

    /// Carries out a command of Loom's own.
    async fn command(&mut self, command: Command) -> Result<Next, CliError> {
        let handle = self.started.session.handle.clone();
        match command {
            Command::Help => self.help(),
            Command::Thread => tell(&self.thread_id.to_string()),
            Command::Context => tell(&self.status.context()),
            Command::Mode(None) => tell(&format!("mode {}", self.status.mode)),
            Command::Mode(Some(mode)) => {
                handle.set_permission_mode(mode).await?;
                self.until_settings_changed().await
            }
            Command::Effort(effort) => {
                handle.set_effort(effort).await?;
                self.until_settings_changed().await
            }
            Command::Model { provider, name } => {
                let provider = provider.unwrap_or_else(|| self.status.provider.clone());
                match self.started.models.find(Model { provider, name }).await {
                    Ok(model) => {
                        handle.set_model(model).await?;
                        self.until_settings_changed().await
                    }
                    Err(error) => tell(&error.to_string()),
                }
            }
            Command::Compact(instructions) => {
                handle.compact(instructions).await?;
                self.turn().await
            }
            Command::Init => self.say(INIT_PROMPT).await,
            Command::Points => self.points().await,
            Command::Undo => self.undo().await,
            Command::Rewind { to, scope } => self.rewind(to, scope).await,
            Command::Servers => self.servers(),
            Command::Own => self.own_commands(),
            // Ended where it was read.
            Command::Exit => Ok(Next::Prompt),
        }
    }

    /// Says what there is, and what is wrong with the files behind it.
    fn help(&self) -> Result<Next, CliError> {
        let warnings = self.started.warnings.iter();
        let warnings = warnings.map(|warning| format!("warning: {warning}\n"));
        tell(format!("{HELP}{}", warnings.collect::<String>()).trim_end())
    }

    fn own_commands(&self) -> Result<Next, CliError> {
        let text = self.started.own_commands.listing();
        match text.is_empty() {
            true => tell("you have none; a file .loom/commands/NAME.md makes a command /NAME"),
            false => tell(text.trim_end()),
        }
    }

    fn servers(&self) -> Result<Next, CliError> {
        let Some(servers) = &self.started.servers else {
            return tell("there are no servers of tools; `loom mcp add` adds one");
        };
        write!(
            anstream::stdout(),
            "{}",
            listing::servers(&servers.status())
        )?;
        Ok(Next::Prompt)
    }

    /// Lists the points of the thread.
    async fn points(&mut self) -> Result<Next, CliError> {
        let Some(rewind) = &self.started.rewind else {
            return tell("nothing is remembered in this session, so nothing can be undone");
        };
        match rewind.points(self.thread_id).await {
            Ok(points) => tell(points::listing(&points).trim_end()),
            Err(error) => tell(&error.to_string()),
        }
    }

    /// Goes back to the point before the last turn that was not undone yet.
    async fn undo(&mut self) -> Result<Next, CliError> {
        let Some(rewind) = &self.started.rewind else {
            return tell("nothing is remembered in this session, so nothing can be undone");
        };
        let points = match rewind.points(self.thread_id).await {
            Ok(points) => points,
            Err(error) => return tell(&error.to_string()),
        };
        match points::last_turn(&points) {
            Some(to) => self.rewind(to, RestoreScope::Everything).await,
            None => tell("there is no turn to undo"),
        }
    }

    async fn rewind(&mut self, to: u64, scope: RestoreScope) -> Result<Next, CliError> {
        let restore = Restore {
            to,
            scope,
            on_conflict: OnConflict::Keep,
        };
        let handle = self.started.session.handle.clone();
        let restoring = handle.restore(restore);
        tokio::pin!(restoring);
        // The session shows what it does, and waits until that is read.
        let restored = loop {
            tokio::select! {
                restored = &mut restoring => break restored,
                event = self.started.session.events.recv() => {
                    self.show(&event.ok_or_else(broken_off)?)?;
                }
            }
        };
        match restored {
            Ok(report) => tell(points::restored(&report, scope).trim_end()),
            Err(SessionError::NotRestored(why)) => tell(&why),
            Err(error) => Err(error.into()),
        }
    }

    /// Draws until the session says that it goes on otherwise.
    async fn until_settings_changed(&mut self) -> Result<Next, CliError> {
        loop {
            let event = self
                .started
                .session
                .events
                .recv()
                .await
                .ok_or_else(broken_off)?;
            self.show(&event)?;
            if matches!(event, ThreadEvent::SettingsChanged { .. }) {
                return Ok(Next::Prompt);
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
                    self.started.session.handle.cancel().await?;
                    Next::Turn
                }
                event = self.started.session.events.recv() => match event.ok_or_else(broken_off)? {
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
        self.status.follow(event);
        self.view.draw(event)?;
        if let ThreadEvent::InquiryClosed { id, outcome } = event
            && (id, outcome) == (&self.answered, &InquiryOutcome::Withdrawn)
        {
            writeln!(anstream::stdout(), "Nobody waits for this answer any more.")?;
        }
        Ok(match event {
            ThreadEvent::TurnCompleted { .. } | ThreadEvent::TurnFailed { .. } => Next::Prompt,
            _ => Next::Turn,
        })
    }

    /// Asks the person, and hands the answer on.
    async fn answer(&mut self, id: String, inquiry: Inquiry) -> Result<Next, CliError> {
        self.typed.push_str(&self.type_ahead.take());
        let (mut asking, text) = Asking::begin(inquiry);
        write!(anstream::stdout(), "{text}")?;
        let answer = loop {
            let line = self
                .read(Purpose::Answer, asking.question(), String::new())
                .await?;
            match line {
                Some(Line::Text(line) | Line::NextMode(line)) => {
                    match asking.read(&line) {
                        Typed::Answer(answer) => break answer,
                        Typed::Further(text) => tell(&text)?,
                    };
                }
                Some(Line::Cleared | Line::End) => {
                    // Ctrl-C at a question means what it means everywhere: stop the turn.
                    self.started.session.handle.cancel().await?;
                    return Ok(Next::Turn);
                }
                None => return Ok(Next::End),
            }
        };
        self.answered.clone_from(&id);
        self.started.session.handle.answer(id, answer).await?;
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
        let _ = self.started.session.handle.shutdown().await;
        self.interrupts.forget();
        loop {
            let event = tokio::select! {
                event = self.started.session.events.recv() => event,
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

/// Says something to the person between turns.
fn tell(text: &str) -> Result<Next, CliError> {
    writeln!(anstream::stdout(), "{}", sanitize(text))?;
    Ok(Next::Prompt)
}
