//! Hooks: programs of the person that run before and after what the agent does.
//!
//! The shape of the configuration, what a hook reads and how it answers are those of Claude Code
//! (<https://code.claude.com/docs/en/hooks>), so that hooks which exist work as they are.
//!
//! # Types
//!
//! [`Hooks::load`] reads the files of a [`HookSetup`]. [`Hooks::run`] takes an [`Event`] with the
//! [`SessionFacts`], runs every hook that matches, and returns one [`Outcome`]: a [`Decision`],
//! perhaps other arguments for the tool, text for the model, and messages for the person.
//! [`TrustStore`] remembers which hooks of projects the person has read and allowed. A [`Pin`] holds
//! a file that a command names to what it was then; servers of tools are held by it, too.
//!
//! # Files
//!
//! A file is a JSON object with a field `hooks`; other fields are left alone, so a
//! `settings.json` of Claude Code is such a file too. Meant are `$XDG_CONFIG_HOME/loom/hooks.json`
//! ([`Scope::User`]) and `.loom/hooks.json`, `.claude/settings.json` and
//! `.claude/settings.local.json` of the workspace ([`Scope::Project`]).
//!
//! ```json
//! {"hooks": {"PreToolUse": [{"matcher": "Edit|Write", "hooks": [
//!     {"type": "command", "command": "\"$CLAUDE_PROJECT_DIR\"/.loom/guard.sh", "timeout": 10}
//! ]}]}}
//! ```
//!
//! - A matcher of letters, digits, `_`, `-`, spaces, `,` and `|` names tools one by one; any other
//!   is a regular expression that may match a part; none, `""` and `*` match all. It is held
//!   against Loom's name of the tool and against the names in the table below. For other events it
//!   is held against what began, ended or is notified ([`Event`]).
//! - `if` narrows a hook to some calls: `Bash(git push *)`, `Edit(*.ts)`.
//! - `timeout` is in seconds: 600 unless said otherwise, 30 for `UserPromptSubmit`, 1.5 for
//!   `SessionEnd`.
//! - `args` starts the command without a shell. `async` does not wait for the answer.
//! - `onFailure: "block"` makes a hook required: when it cannot start, runs out of time, ends with
//!   an exit code of its own or prints garbage, the action is blocked. Without it a hook that fails
//!   stops nothing, and the person sees why it failed.
//! - What a hook prints that is no JSON is for the model on `UserPromptSubmit` and `SessionStart`, and
//!   for the summary on `PreCompact`; otherwise nobody's.
//! - `inheritEnv`, Loom's own, names the secrets of the environment that the hook needs.
//!
//! # Names
//!
//! `tool_name` and `tool_input` are given as Claude Code would, and `loom_tool` holds the call as
//! Loom knows it. Paths in `tool_input` are absolute. What a hook returns as `updatedInput` is
//! turned back into Loom's arguments.
//!
//! | Loom | hooks see | matched as well by | fields with another name |
//! | --- | --- | --- | --- |
//! | `bash` | `Bash` | | `timeout_ms` is `timeout` |
//! | `read_file`, `view_image` | `Read` | | |
//! | `edit_file` | `Edit` | `MultiEdit` | |
//! | `write_file` | `Write` | | |
//! | `apply_patch` | `Edit` or `Write` | `MultiEdit` | one call for each file of the patch |
//! | `edit_notebook` | `NotebookEdit` | | |
//! | `list_files`, `glob`, `grep` | `LS`, `Glob`, `Grep` | | options of `grep` are `-A`, `-B`, `-C`, `-i` |
//! | `command_output`, `command_stop` | `BashOutput`, `KillShell` | | `command_id` is `bash_id`, `shell_id` |
//! | `web_fetch`, `web_search` | `WebFetch`, `WebSearch` | | |
//! | `todo_write`, `ask_user` | `TodoWrite`, `AskUserQuestion` | | |
//! | `present_plan` | `ExitPlanMode` | | |
//! | `task` | `Task` | `Agent` | |
//! | all others, such as `mcp__server__tool` | the same | | |
//!
//! `permission_mode` is `plan`, `default` for Loom's ask, `auto`, and `bypassPermissions` for full.
//!
//! # Flow
//!
//! ```text
//! Event ─> which hooks match? ─> each: still trusted? ─> process ─> answer ─┐
//!           none: done at once         (side by side, bounded)              ├─> Outcome
//!                                                                           ┘ strictest wins
//! ```
//!
//! A block wins over a question, a question over an allowance. **An allowance never overrides a
//! rule that denies, nor one that asks by name**: the caller judges permission first and takes an
//! allowance only instead of a question that no rule demanded. Arguments that a hook changed are
//! judged anew.
//!
//! # Failure
//!
//! - *A hook that hangs* is killed with all that it started when its time is up; so is one whose
//!   event is cancelled (the future dropped). What a hook leaves running when it ends is let be.
//! - *A flood of output* is read on and dropped; memory is bounded.
//! - *Garbage*, a hook that is missing, exit codes that mean nothing, a file that is not JSON: a
//!   message for the person, never an error of the caller.
//! - *A cloned repository runs nothing*: hooks of a project run only once the person trusted
//!   exactly them: the text of the hooks and the content of the workspace's files that their
//!   commands name. A file that changes afterwards, by the agent too, keeps the hook from running.
//!   What such a script calls in turn is not looked at.
//! - Hooks run outside of the sandbox with the rights of the person, in the environment of the
//!   person without its secrets, and without a terminal.
//!
//! Claude Code trusts a folder once and for all, and lets what it trusted change; others run
//! project hooks unasked. Pinning content costs a hash of small files before a process is started.

mod answer;
mod claude;
mod condition;
mod configuration;
mod error;
mod event;
mod hooks;
mod matcher;
mod outcome;
mod pin;
mod process;
mod trust;

pub use claude::tools_known_as;
pub use error::HookError;
pub use event::{
    CompactionTrigger, Event, EventKind, SessionEndReason, SessionFacts, SessionSource, ToolUse,
};
pub use hooks::{HookFile, HookSetup, Hooks, Scope, Untrusted};
pub use outcome::{Decision, Message, Outcome};
pub use pin::{Pin, changed, shell_words};
pub use trust::TrustStore;
