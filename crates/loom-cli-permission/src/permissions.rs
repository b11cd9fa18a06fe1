//! The rules of a session, shared by all that run in it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use loom_common_core::inquiry::RuleScope;
use loom_common_core::{PermissionMode, ReadFilter, Resource};
use sha2::{Digest, Sha256};

use crate::decision::{Decision, Effect, Layer, Origin, Verdict};
use crate::error::PermissionError;
use crate::judge::{Call, Judge, Surroundings};
use crate::places::Places;
use crate::remember;
use crate::rule::Rule;
use crate::rule_file::{self, Entry, RuleFile};

/// Where the rules of each layer stand. A file that is not there holds no rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PermissionFiles {
    /// The organization's.
    pub organization: Option<PathBuf>,
    /// The person's, for everywhere.
    pub user: Option<PathBuf>,
    /// The project's.
    pub project: Option<PathBuf>,
    /// The person's for this folder; outside of it, so that no repository can bring one along.
    pub personal: Option<PathBuf>,
}

impl PermissionFiles {
    /// Returns the usual places, given the folders of the person for settings and for state.
    pub fn standard(settings: &Path, state: &Path, workspace: &Path) -> Self {
        use std::os::unix::ffi::OsStrExt as _;
        let mut folder = String::new();
        for byte in Sha256::digest(workspace.as_os_str().as_bytes())
            .iter()
            .take(16)
        {
            folder.push_str(&format!("{byte:02x}"));
        }
        Self {
            organization: Some("/etc/loom/permissions.toml".into()),
            user: Some(settings.join("permissions.toml")),
            project: Some(workspace.join(".loom/permissions.toml")),
            personal: Some(state.join("projects").join(folder).join("permissions.toml")),
        }
    }

    fn layers(&self) -> [(Layer, Option<&PathBuf>); 4] {
        [
            (Layer::Organization, self.organization.as_ref()),
            (Layer::User, self.user.as_ref()),
            (Layer::Project, self.project.as_ref()),
            (Layer::Personal, self.personal.as_ref()),
        ]
    }
}

/// The rules of a session. Clones share them.
#[derive(Clone, Debug)]
pub struct Permissions {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    files: PermissionFiles,
    places: Places,
    /// Held while files are written, so that they are read again in the order of writing.
    writing: Mutex<()>,
    rules: RwLock<Arc<RuleSet>>,
}

/// All rules at one time.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleSet {
    files: Vec<(Layer, RuleFile)>,
    session: Vec<Entry>,
    /// Those of the command whose turn it is.
    command: Vec<Entry>,
}

/// Rules of a project that do not count yet, as the person has not seen them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntrustedRules {
    /// The file they stand in.
    pub file: PathBuf,
    /// What they would allow.
    pub rules: Vec<Rule>,
    /// The hash of the file: what is trusted is this content and no other.
    hash: String,
}

impl Permissions {
    /// Reads the rules.
    ///
    /// # Errors
    ///
    /// When a file exists that cannot be read or is wrong: better no session than one in which a rule that
    /// denies has vanished.
    pub fn load(files: PermissionFiles, places: Places) -> Result<Self, PermissionError> {
        let rules = RuleSet {
            files: read_files(&files)?,
            ..RuleSet::default()
        };
        Ok(Self {
            shared: Arc::new(Shared {
                files,
                places: places.prepared(),
                writing: Mutex::new(()),
                rules: RwLock::new(Arc::new(rules)),
            }),
        })
    }

    /// Reads the files again. The rules of the session stay.
    ///
    /// # Errors
    ///
    /// As for [`load`](Self::load); the rules are then as they were.
    pub fn reload(&self) -> Result<(), PermissionError> {
        let _writing = self
            .shared
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let files = read_files(&self.shared.files)?;
        self.change(|rules| rules.files = files);
        Ok(())
    }

    /// Decides about a call. Looks at the file system to follow symbolic links, and at nothing else.
    pub fn judge(
        &self,
        mode: PermissionMode,
        call: &Call<'_>,
        surroundings: &Surroundings,
    ) -> Decision {
        self.judge_by(&self.rules(), mode, call, surroundings)
            .decide()
    }

    /// Returns which of the files and folders below those that the call reads it may read too, by
    /// the rules as they are now.
    ///
    /// What would be asked for is withheld as well, unless the same was asked for the folder above
    /// it: then the call runs because the person has said yes to that.
    pub fn readable(
        &self,
        mode: PermissionMode,
        call: &Call<'_>,
        surroundings: &Surroundings,
    ) -> ReadFilter {
        let permissions = self.clone();
        let rules = self.rules();
        let (tool, access, surroundings) = (call.tool.to_owned(), call.access, *surroundings);
        let (resources, workspace) = (call.resources.to_vec(), call.workspace.to_owned());
        let withheld = move |path: &Path| {
            let call = Call {
                tool: &tool,
                access,
                resources: &resources,
                workspace: &workspace,
            };
            permissions
                .judge_by(&rules, mode, &call, &surroundings)
                .withheld(path)
        };
        let answered: Vec<_> = call
            .resources
            .iter()
            .filter_map(|resource| match resource {
                Resource::Read(folder) => Some((folder.clone(), withheld(folder)?)),
                _ => None,
            })
            .collect();
        ReadFilter::new(move |path| match withheld(path) {
            None => true,
            Some((Verdict::Deny, _)) => false,
            Some(question) => answered
                .iter()
                .any(|(folder, answered)| path.starts_with(folder) && *answered == question),
        })
    }

    fn judge_by<'a>(
        &'a self,
        rules: &'a RuleSet,
        mode: PermissionMode,
        call: &'a Call<'a>,
        surroundings: &'a Surroundings,
    ) -> Judge<'a> {
        Judge {
            rules,
            places: &self.shared.places,
            files: &self.shared.files,
            mode: self.permitted_mode(mode),
            call,
            surroundings,
        }
    }

    /// Returns what switches a mode off: only full mode can be, and only by the organization.
    /// [`judge`](Self::judge) takes a mode that is switched off for auto mode.
    pub fn mode_switched_off(&self, mode: PermissionMode) -> Option<Origin> {
        match mode {
            PermissionMode::Full => self.rules().no_full_mode().cloned(),
            _ => None,
        }
    }

    /// Remembers rules; they count from now on, for all who share these permissions.
    ///
    /// A rule that is there already is not written again. Waits for others who write to the same
    /// folder, so it can block for a moment.
    ///
    /// # Errors
    ///
    /// [`PermissionError::NoFile`] and [`PermissionError::Write`]; and what is wrong with the file,
    /// which is then left alone.
    pub fn remember(
        &self,
        rules: &[Rule],
        scope: RuleScope,
        effect: Effect,
    ) -> Result<(), PermissionError> {
        let (layer, file) = match scope {
            RuleScope::Session => {
                self.change(|set| set.remember_for_session(rules, effect));
                return Ok(());
            }
            RuleScope::Project => (Layer::Personal, &self.shared.files.personal),
            RuleScope::User => (Layer::User, &self.shared.files.user),
        };
        let file = file.as_ref().ok_or(PermissionError::NoFile)?;
        let _writing = self
            .shared
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let written = remember::add_rules(file, layer, rules, effect)?;
        self.change(|set| set.replace(layer, written));
        Ok(())
    }

    /// Allows what the command file `file` wishes, in place of what another one did: for the turn
    /// that the command begins. Whether the file may wish for anything is for the caller to know.
    pub fn allow_for_command(&self, file: &Path, rules: &[Rule]) {
        self.change(|set| set.allow_for_command(file, rules));
    }

    /// Ends what a command file was allowed.
    pub fn end_command(&self) {
        self.change(|set| set.command.clear());
    }

    /// Returns the rules of the project's file that do not count because the person has not trusted
    /// this content of it.
    pub fn untrusted(&self) -> Option<UntrustedRules> {
        let rules = self.rules();
        let file = rules.file(Layer::Project)?;
        let allowing: Vec<_> = file
            .entries
            .iter()
            .filter(|entry| entry.effect == Effect::Allow)
            .map(|entry| entry.rule.clone())
            .collect();
        (!allowing.is_empty() && !rules.trusts_project()).then(|| UntrustedRules {
            file: file.path.clone(),
            rules: allowing,
            hash: file.hash.clone(),
        })
    }

    /// Lets the rules count that the person has seen, in this folder and until the file changes.
    ///
    /// # Errors
    ///
    /// As for [`remember`](Self::remember).
    pub fn trust(&self, rules: &UntrustedRules) -> Result<(), PermissionError> {
        let file = &self.shared.files.personal;
        let file = file.as_ref().ok_or(PermissionError::NoFile)?;
        let _writing = self
            .shared
            .writing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let written = remember::set_trusted(file, &rules.hash)?;
        self.change(|set| set.replace(Layer::Personal, written));
        Ok(())
    }

    fn rules(&self) -> Arc<RuleSet> {
        let rules = self
            .shared
            .rules
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&rules)
    }

    fn change(&self, change: impl FnOnce(&mut RuleSet)) {
        let mut rules = self
            .shared
            .rules
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut rules));
    }

    fn permitted_mode(&self, mode: PermissionMode) -> PermissionMode {
        match self.mode_switched_off(mode) {
            Some(_) => PermissionMode::Auto,
            None => mode,
        }
    }
}

impl RuleSet {
    /// Returns the rules with that effect that count.
    pub(crate) fn with_effect(&self, effect: Effect) -> impl Iterator<Item = &Entry> {
        let trusts_project = self.trusts_project();
        self.files
            .iter()
            .filter(move |(layer, _)| {
                trusts_project || *layer != Layer::Project || effect != Effect::Allow
            })
            .flat_map(|(_, file)| &file.entries)
            .chain(&self.session)
            .chain(&self.command)
            .filter(move |entry| entry.effect == effect)
    }

    fn file(&self, wanted: Layer) -> Option<&RuleFile> {
        self.files
            .iter()
            .find(|(layer, _)| *layer == wanted)
            .map(|(_, file)| file)
    }

    fn trusts_project(&self) -> bool {
        let trusted = self
            .file(Layer::Personal)
            .and_then(|file| file.trusted.as_ref());
        self.file(Layer::Project).map(|file| &file.hash) == trusted
    }

    fn no_full_mode(&self) -> Option<&Origin> {
        self.files
            .iter()
            .find_map(|(_, file)| file.no_full_mode.as_ref())
    }

    fn replace(&mut self, layer: Layer, file: RuleFile) {
        self.files.retain(|(other, _)| *other != layer);
        self.files.push((layer, file));
    }

    fn allow_for_command(&mut self, file: &Path, rules: &[Rule]) {
        let entry = |rule: &Rule| Entry {
            rule: rule.clone(),
            effect: Effect::Allow,
            origin: Origin {
                layer: Layer::Command,
                file: Some(file.to_owned()),
                line: None,
            },
        };
        self.command = rules.iter().map(entry).collect();
    }

    fn remember_for_session(&mut self, rules: &[Rule], effect: Effect) {
        for rule in rules {
            let entry = Entry {
                rule: rule.clone(),
                effect,
                origin: Origin {
                    layer: Layer::Session,
                    file: None,
                    line: None,
                },
            };
            if !self.session.contains(&entry) {
                self.session.push(entry);
            }
        }
    }
}

fn read_files(files: &PermissionFiles) -> Result<Vec<(Layer, RuleFile)>, PermissionError> {
    let mut found = Vec::new();
    for (layer, path) in files.layers() {
        if let Some(path) = path
            && let Some(file) = rule_file::read(path, layer)?
        {
            found.push((layer, file));
        }
    }
    Ok(found)
}
