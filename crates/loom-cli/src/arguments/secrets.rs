//! `loom redact` and `loom secrets`: secrets in files, pipes and repositories.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// What `loom redact` reads, and where the result goes.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 with --check if something was found, 2 an error.\n\n\
                        Examples:\n  \
                        tail -f server.log | loom redact\n  \
                        loom redact --write config/*.yml\n  \
                        loom redact --check -q < answer.txt > /dev/null"
)]
pub(crate) struct RedactArguments {
    /// The files, or `-` for standard input, which is read when there is none.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// Write the files in their place instead of to standard output. Files without a secret are
    /// not touched, and binary ones neither.
    #[arg(short, long, requires = "files")]
    pub(crate) write: bool,
    /// With --write, write binary files too.
    #[arg(long, requires = "write")]
    pub(crate) binary: bool,
    /// End with exit code 1 if something was found.
    #[arg(long)]
    pub(crate) check: bool,
    #[command(flatten)]
    pub(crate) rules: RulesArgument,
    /// Write what was found, and never the secrets themselves.
    #[arg(long, value_name = "FORMAT", default_value = "none")]
    pub(crate) report: RedactReport,
    /// Write the report into this file instead of to standard error.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) report_path: Option<PathBuf>,
    /// Do not say how much was found.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// Which rules tell what a secret is.
#[derive(Debug, Args)]
pub(crate) struct RulesArgument {
    /// Use the rules of this file, in gitleaks' format. They replace the built-in ones unless the
    /// file says `[extend] useDefault = true`.
    #[arg(long = "rules", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,
}

/// How `loom redact` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RedactReport {
    /// A JSON object.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// Not at all.
    None,
}

/// What `loom secrets` does.
#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Look for secrets in files, in what is staged, or in the history.
    ///
    /// Files that .gitignore names are left out unless git tracks them. The rules are those of
    /// .loom/secrets.toml or .gitleaks.toml at the top of the repository, or the built-in ones.
    Scan(Box<ScanArguments>),
    /// Have git look for secrets in what is staged before each commit.
    InstallHook,
    /// Remove the hook, and put the one back that was there before.
    UninstallHook,
    /// List the rules.
    Rules {
        #[command(flatten)]
        rules: RulesArgument,
        /// Print a JSON array.
        #[arg(long)]
        json: bool,
    },
    /// Say what a rule looks for, and what to do about a finding.
    Explain {
        /// The rule.
        rule: String,
        #[command(flatten)]
        rules: RulesArgument,
    },
}

/// Where `loom secrets scan` looks, and what becomes of the findings.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing found, 1 secrets found, 2 an error, 130 interrupted.\n\n\
                        Examples:\n  \
                        loom secrets scan\n  \
                        loom secrets scan --staged\n  \
                        loom secrets scan --history main..topic\n  \
                        loom secrets scan --format sarif --output secrets.sarif\n  \
                        loom secrets scan --baseline .loom/known-secrets.json --write-baseline"
)]
pub(crate) struct ScanArguments {
    /// Files and folders; the current folder when there is none.
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<PathBuf>,
    /// Look at the new lines of what is staged for the next commit.
    #[arg(long, conflicts_with_all = ["paths", "history"])]
    pub(crate) staged: bool,
    /// Look at what commits have brought in: of this revision or range, or of all branches and
    /// tags.
    #[arg(
        long,
        value_name = "RANGE",
        num_args = 0..=1,
        default_missing_value = "",
        allow_hyphen_values = false,
        conflicts_with = "paths"
    )]
    pub(crate) history: Option<String>,
    /// With --history, only look at commits younger than this: `2026-01-31`, `2 weeks ago`.
    #[arg(long, value_name = "DATE", requires = "history")]
    pub(crate) since: Option<String>,
    /// Do not report the findings that this file knows.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) baseline: Option<PathBuf>,
    /// Write all findings into the baseline instead of reporting them.
    #[arg(long, requires = "baseline")]
    pub(crate) write_baseline: bool,
    #[command(flatten)]
    pub(crate) rules: RulesArgument,
    /// Report findings of this rule only. Can be given several times.
    #[arg(long = "rule", value_name = "ID")]
    pub(crate) only: Vec<String>,
    /// How to report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: ScanFormat,
    /// Write the report into this file instead of to standard output.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
    /// Leave out files larger than this, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 100)]
    pub(crate) max_file_size: u32,
    /// Look into binary files too.
    #[arg(long)]
    pub(crate) binary: bool,
    /// Look into files that .gitignore names too.
    #[arg(long, conflicts_with_all = ["staged", "history"])]
    pub(crate) no_ignore: bool,
    /// Show neither progress nor summary.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

/// How `loom secrets scan` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    /// Lines for people.
    Text,
    /// A JSON object.
    Json,
    /// SARIF 2.1.0, which code hosts show beside the code.
    Sarif,
}
