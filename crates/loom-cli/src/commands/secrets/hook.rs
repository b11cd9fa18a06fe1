//! `loom secrets install-hook` and `uninstall-hook`.

use std::path::Path;

use loom_cli_git::Repository;
use loom_cli_redact::{Hook, Installed, RedactError};

use super::Surroundings;
use crate::commands::print;
use crate::error::CliError;

pub(super) async fn install(surroundings: &Surroundings) -> Result<(), CliError> {
    let repository = surroundings.some_repository().await?;
    let hook = hook(&repository).await?;
    let path = hook.path();
    let mut text = match hook.install(&std::env::current_exe()?)? {
        Installed::New => format!("installed {}\n", path.display()),
        Installed::Renewed => format!("renewed {}\n", path.display()),
        Installed::Before(kept) => format!(
            "installed {}\nthe hook that was there runs first; it is now {}\n",
            path.display(),
            kept.display()
        ),
    };
    if !belongs_to(&path, &repository) {
        text.push_str("the folder is set by core.hooksPath and may serve other repositories too\n");
    }
    print(&text)
}

pub(super) async fn uninstall(surroundings: &Surroundings) -> Result<(), CliError> {
    let repository = surroundings.some_repository().await?;
    let hook = hook(&repository).await?;
    let path = hook.path();
    match hook.uninstall()? {
        true => print(&format!(
            "{} is the hook again that was there before\n",
            path.display()
        )),
        false => print(&format!("removed {}\n", path.display())),
    }
}

async fn hook(repository: &Repository) -> Result<Hook, CliError> {
    let folder = repository.hooks_folder().await;
    Ok(Hook::new(folder.map_err(RedactError::from)?))
}

fn belongs_to(hook: &Path, repository: &Repository) -> bool {
    let is_in = |folder: &Path| hook.starts_with(folder);
    is_in(repository.common_dir()) || repository.work_tree().is_some_and(is_in)
}
