//! What takes the agent's work behind each turn.

use std::sync::Arc;

use loom_cli_auto_commit::{AutoCommit, AutoCommitSetup};
use loom_cli_git::Git;
use loom_cli_session::{ModelChoice, WorkKeeper};
use loom_cli_stitches::{StitchKeeper, StitchSetup};

use super::assembly::Models;
use super::selection::Model;
use crate::commands::spool;
use crate::error::CliError;
use crate::redaction;
use crate::setting::Setting;

/// Makes what takes the work, as it is configured.
pub(super) async fn keepers(
    setting: &Setting,
    models: &Models,
    model: &ModelChoice,
    warnings: &mut Vec<String>,
) -> Result<Vec<Arc<dyn WorkKeeper>>, CliError> {
    let config = &setting.config.value;
    let mut keepers: Vec<Arc<dyn WorkKeeper>> = Vec::new();
    let stitches = (config.spool.stitches && config.agent.undo)
        .then(|| stitches(setting))
        .flatten();
    if let Some(stitches) = stitches {
        // The same work is not recorded twice.
        keepers.push(Arc::new(stitches));
    } else if config.auto_commit.enabled && config.agent.undo {
        keepers.push(Arc::new(auto_commit(setting, models, model).await?));
    } else if config.auto_commit.enabled {
        warnings.push(
            "nothing is committed: auto_commit needs agent.undo, which tells whose change is whose"
                .to_owned(),
        );
    }
    Ok(keepers)
}

/// Makes what turns the work into stitches; `None` where there is no spool.
fn stitches(setting: &Setting) -> Option<StitchKeeper> {
    let (folder, environment) = (setting.workspace.clone(), setting.environment.clone());
    StitchKeeper::new(StitchSetup {
        workspace: setting.workspace.clone(),
        surroundings: Arc::new(move || spool::surroundings(folder.clone(), &environment)),
        known_secrets: redaction::known_secrets(&setting.environment),
    })
}

async fn auto_commit(
    setting: &Setting,
    models: &Models,
    model: &ModelChoice,
) -> Result<AutoCommit, CliError> {
    let config = &setting.config.value.auto_commit;
    let subagents = setting.config.value.agent.subagent_model.as_ref();
    let writer = match config.model.as_ref().or(subagents) {
        None => None,
        Some(name) => {
            let provider = model.provider.clone();
            let name = name.clone();
            Some(models.find(Model { provider, name }).await?)
        }
    };
    Ok(AutoCommit::new(AutoCommitSetup {
        workspace: setting.workspace.clone(),
        git: Git::new(setting.environment.variables()),
        known_secrets: redaction::known_secrets(&setting.environment),
        model: writer,
        when: config.when,
        style: config.style,
        branch: config.branch.clone(),
        max_file_bytes: config.max_file_bytes,
    }))
}
