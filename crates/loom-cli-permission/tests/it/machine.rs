//! A person's machine, as far as permissions see it: folders and files of rules below a temporary one.

use std::fs;
use std::path::{Path, PathBuf};

use loom_cli_permission::{
    Call, Decision, PermissionError, PermissionFiles, Permissions, Places, Surroundings, Verdict,
};
use loom_common_core::{Confinement, PermissionMode, ReadFilter, Resource, ToolAccess};
use tempfile::TempDir;

pub(crate) struct Machine {
    _root: TempDir,
    pub(crate) workspace: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) files: PermissionFiles,
}

impl Machine {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let home = root.join("home");
        let workspace = home.join("project");
        fs::create_dir_all(&workspace).unwrap();
        fs::create_dir_all(home.join(".ssh")).unwrap();
        let mut files =
            PermissionFiles::standard(&home.join(".config/loom"), &home.join(".state"), &workspace);
        files.organization = Some(root.join("etc/permissions.toml"));
        Self {
            _root: folder,
            workspace,
            home,
            files,
        }
    }

    /// Makes a machine with rules of the person.
    pub(crate) fn with_rules(text: &str) -> Self {
        let machine = Self::new();
        machine.write(machine.files.user.as_deref().unwrap(), text);
        machine
    }

    pub(crate) fn write(&self, path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn load(&self) -> Result<Permissions, PermissionError> {
        let places = Places {
            home: Some(self.home.clone()),
            hidden: vec![self.home.join(".ssh")],
        };
        Permissions::load(self.files.clone(), places)
    }

    pub(crate) fn permissions(&self) -> Permissions {
        self.load().unwrap()
    }

    /// Judges a shell line that is to run in the sandbox if there is one.
    pub(crate) fn judge_line(
        &self,
        permissions: &Permissions,
        mode: PermissionMode,
        sandbox: Sandbox,
        line: &str,
    ) -> Decision {
        let resource = Resource::Command {
            line: line.to_owned(),
            confinement: Confinement::Sandboxed,
        };
        self.judge(
            permissions,
            mode,
            sandbox,
            "bash",
            ToolAccess::Execute,
            &[resource],
        )
    }

    pub(crate) fn judge(
        &self,
        permissions: &Permissions,
        mode: PermissionMode,
        sandbox: Sandbox,
        tool: &str,
        access: ToolAccess,
        resources: &[Resource],
    ) -> Decision {
        let call = Call {
            tool,
            access,
            resources,
            workspace: &self.workspace,
        };
        let surroundings = Surroundings {
            sandbox_works: sandbox == Sandbox::Works,
        };
        permissions.judge(mode, &call, &surroundings)
    }

    /// Returns which paths below `folder` a search of it may read.
    pub(crate) fn readable(&self, mode: PermissionMode, folder: &Path) -> ReadFilter {
        let resources = [Resource::Read(folder.to_owned())];
        let call = Call {
            tool: "grep",
            access: ToolAccess::Read,
            resources: &resources,
            workspace: &self.workspace,
        };
        let surroundings = Surroundings {
            sandbox_works: true,
        };
        self.permissions().readable(mode, &call, &surroundings)
    }

    /// Returns the verdict on a line in ask mode without a sandbox: what rules and knowledge say.
    pub(crate) fn asks_about(&self, permissions: &Permissions, line: &str) -> Verdict {
        self.judge_line(permissions, PermissionMode::Ask, Sandbox::Missing, line)
            .verdict
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sandbox {
    Works,
    Missing,
}
