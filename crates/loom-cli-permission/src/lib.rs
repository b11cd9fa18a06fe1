//! Rules of permission: whether a tool call may run, and why.
//!
//! ```
//! use loom_cli_permission::{Call, PermissionFiles, Permissions, Places, Surroundings, Verdict};
//! use loom_common_core::{Confinement, PermissionMode, Resource, ToolAccess};
//!
//! let permissions = Permissions::load(PermissionFiles::default(), Places::default())?;
//! let line = "cargo test && git push".to_owned();
//! let call = Call {
//!     tool: "bash",
//!     access: ToolAccess::Execute,
//!     resources: &[Resource::Command { line, confinement: Confinement::Sandboxed }],
//!     workspace: "/home/ada/project".as_ref(),
//! };
//! let decision = permissions.judge(PermissionMode::Ask, &call, &Surroundings { sandbox_works: true });
//! assert_eq!(decision.verdict, Verdict::Ask);
//! assert_eq!(decision.suggestions[1].label, "`cargo test` with any arguments, `git push` with any arguments");
//! # Ok::<(), loom_cli_permission::PermissionError>(())
//! ```
//!
//! **Flow.** [`Permissions`] holds the rules of all layers; clones share them. [`Permissions::judge`] takes a
//! [`Call`] with the resources that its tool names and returns a [`Decision`]: the verdict, where a command
//! runs, the reason, and rules that would have answered the question. An answer of the person goes to
//! [`Permissions::remember`] and counts at once.
//!
//! **Precedence.** What a call touches is judged part by part, and the strictest verdict wins. For each
//! part, a rule that denies beats one that asks, and that beats one that allows, whichever layer they stand in
//! and however narrow they are: nobody can allow what the organization denies. Where no rule hits, sensitive
//! places are asked for (credentials, `.env`, hooks and start files; a rule allows them if it names them),
//! and then the mode decides:
//!
//! | | plan | ask | auto | full |
//! | --- | --- | --- | --- | --- |
//! | read, also outside the workspace | yes | yes | yes | yes |
//! | command that is known to change nothing | yes | yes | yes | yes |
//! | edit in the workspace | no | ask | yes | yes |
//! | edit elsewhere | no | ask | ask | yes |
//! | command, in the sandbox | no | ask | yes | yes, without |
//! | command, outside of it or without one | no | ask | ask | yes |
//! | network | no | ask | ask | yes |
//! | tool that does not say what it touches | no | ask | ask | yes |
//!
//! In plan mode rules that allow count for reads and for the network only. In full mode sensitive places
//! are not asked for. The organization can switch full mode off; it is auto mode then.
//!
//! **Layers.** Organization, user, project, the person's rules for the folder, session, and for one turn
//! what a command file allows itself ([`Permissions::allow_for_command`]). A project's rules come
//! with its repository, so those that allow count only after the person has trusted this very content
//! ([`Permissions::untrusted`]); those that ask or deny count always. What the person has remembered or
//! trusted for a folder stands outside of it.
//!
//! **Shell lines** are parsed with tree-sitter-bash, and the tree is checked against the line by the rules of
//! bash, as the grammar takes some lines for others than bash does. What remains unclear (errors of syntax,
//! names and code that are only known when the line runs) is never allowed by a rule, only by a mode,
//! and it counts as what a rule denies may be: then it is asked for. See `shell.rs`. Lines are read as bash
//! reads them: whoever runs them with another shell runs something else.
//!
//! **When it fails.** A file of rules that cannot be read, is no TOML or holds one wrong rule fails
//! [`Permissions::load`] with file, line and rule: a rule that denies must not vanish. Remembering replaces a
//! file as a whole under a lock, with its comments kept; when it fails, file and rules are as they were.
//!
//! **Bounds.** This is about mistakes and about lines that are not what they seem; a program that is allowed
//! to run can do what it likes, so code that nobody knows belongs in the sandbox. Elsewhere rules match the
//! raw text of lines, which every pipe, quote and variable gets round, or the first word of each part, which
//! `env`, `xargs` and `find -exec` get round.

mod decision;
mod error;
mod judge;
mod permissions;
mod places;
mod remember;
mod rule;
mod rule_file;
mod shell;

pub use decision::{Act, Cause, Decision, Effect, Layer, Origin, Reason, Suggestion, Verdict};
pub use error::PermissionError;
pub use judge::{Call, Surroundings};
pub use permissions::{PermissionFiles, Permissions, UntrustedRules};
pub use places::{Places, Sensitivity};
pub use rule::{Rule, RuleError, RuleErrorKind};
