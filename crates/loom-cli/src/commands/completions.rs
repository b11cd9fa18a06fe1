//! `loom completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::print;
use crate::arguments::Arguments;
use crate::error::CliError;

pub(crate) fn print_script(shell: Shell) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "loom", &mut script);
    print(&String::from_utf8_lossy(&script))
}
