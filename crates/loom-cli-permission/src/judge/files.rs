//! Judges files that are read or written.
//!
//! A path is looked at as it is written and as it is with its symbolic links followed. Rules that ask or
//! deny need one of the two, rules that allow both; a path is in the workspace if both are.

use std::path::{Path, PathBuf};

use loom_common_core::PermissionMode;

use super::remedy::Remedy;
use super::{Finding, Judge, by_rule};
use crate::decision::{Act, Cause, Effect, Verdict};
use crate::places::{Sensitive, normalized, resolved};
use crate::rule::FileUse;
use crate::rule_file::Entry;

impl Judge<'_> {
    /// Judges a file that a tool names.
    pub(super) fn file(&self, tool: &str, use_of_file: FileUse, path: &Path) -> Finding {
        self.file_in_forms(tool, use_of_file, &forms(path))
    }

    /// Tells why a call may not read a path, or what it is asked for; `None` when it may read it.
    /// Links on the way to the path have been followed before.
    pub(crate) fn withheld(&self, path: &Path) -> Option<(Verdict, Cause)> {
        let forms = [path.to_owned()];
        let finding = self.file_in_forms(self.call.tool, FileUse::Read, &forms);
        (finding.verdict != Verdict::Allow).then_some((finding.verdict, finding.reason.cause))
    }

    fn file_in_forms(&self, tool: &str, use_of_file: FileUse, forms: &[PathBuf]) -> Finding {
        let subject = self.place(&forms[0]).shown();
        let writes = use_of_file == FileUse::Write;
        let is_refused = writes && self.mode == PermissionMode::Plan;
        let forbidden = self.forbidden_file(tool, use_of_file, forms, &subject);
        if let Some(finding) = forbidden
            && (finding.verdict == Verdict::Deny || !is_refused)
        {
            return finding;
        }
        if is_refused {
            return Finding::new(Verdict::Deny, subject, self.by_mode(self.edit_act(forms)));
        }
        let allowing = self.find(Effect::Allow, |entry| {
            self.allows_file(entry, tool, use_of_file, forms)
        });
        if self.mode != PermissionMode::Full
            && let Some(sensitive) = self.sensitive(use_of_file, forms)
        {
            let knowing = self.find(Effect::Allow, |entry| {
                self.allows_file(entry, tool, use_of_file, forms)
                    && entry
                        .rule
                        .path_pattern(tool, use_of_file)
                        .is_some_and(|pattern| pattern.names(&sensitive.name))
            });
            if let Some(entry) = knowing {
                return Finding::new(Verdict::Allow, subject, by_rule(entry));
            }
            let cause = Cause::Sensitive {
                why: sensitive.why,
                writes,
            };
            return Finding::new(Verdict::Ask, subject, cause)
                .remedied(Remedy::for_one_file(use_of_file, &self.place(&forms[0])));
        }
        if let Some(entry) = allowing {
            return Finding::new(Verdict::Allow, subject, by_rule(entry));
        }
        if !writes {
            return Finding::new(Verdict::Allow, subject, self.by_mode(Act::Read));
        }
        let act = self.edit_act(forms);
        let verdict = match (self.mode, act) {
            (PermissionMode::Full, _) | (PermissionMode::Auto, Act::Edit) => Verdict::Allow,
            _ => Verdict::Ask,
        };
        Finding::new(verdict, subject, self.by_mode(act))
            .remedied(Remedy::for_file(use_of_file, &self.place(&forms[0])))
    }

    /// Applies the rules that deny a file or ask for it.
    pub(super) fn forbidden_file(
        &self,
        tool: &str,
        use_of_file: FileUse,
        forms: &[PathBuf],
        subject: &str,
    ) -> Option<Finding> {
        for (effect, verdict) in [(Effect::Deny, Verdict::Deny), (Effect::Ask, Verdict::Ask)] {
            let hitting = self.find(effect, |entry| {
                let pattern = entry
                    .rule
                    .path_pattern(tool, use_of_file)
                    .or_else(|| entry.rule.path_pattern_of_kind(use_of_file));
                entry.rule.covers_files(use_of_file)
                    || pattern.is_some_and(|pattern| {
                        forms
                            .iter()
                            .any(|form| pattern.matches_anywhere(&self.place(form)))
                    })
            });
            if let Some(entry) = hitting {
                return Some(Finding::new(verdict, subject, by_rule(entry)));
            }
        }
        None
    }

    fn allows_file(
        &self,
        entry: &Entry,
        tool: &str,
        use_of_file: FileUse,
        forms: &[PathBuf],
    ) -> bool {
        entry.rule.covers_tool(tool)
            || entry.rule.covers_files(use_of_file)
            || entry
                .rule
                .path_pattern(tool, use_of_file)
                .is_some_and(|pattern| forms.iter().all(|form| pattern.matches(&self.place(form))))
    }

    /// Tells why a file is asked for whatever the mode.
    pub(super) fn sensitive(&self, use_of_file: FileUse, forms: &[PathBuf]) -> Option<Sensitive> {
        forms.iter().find_map(|form| match use_of_file {
            FileUse::Read => self.places.sensitive_to_read(form),
            FileUse::Write => self.places.sensitive_to_write(form, &self.deciding_files()),
        })
    }

    fn edit_act(&self, forms: &[PathBuf]) -> Act {
        if self.is_in_workspace(forms) {
            Act::Edit
        } else {
            Act::EditOutside
        }
    }

    pub(super) fn is_in_workspace(&self, forms: &[PathBuf]) -> bool {
        forms
            .iter()
            .all(|form| form.starts_with(self.call.workspace))
    }
}

/// Returns a path as it is written and, where that differs, as it is with its links followed.
pub(super) fn forms(path: &Path) -> Vec<PathBuf> {
    let written = normalized(path);
    // The links are followed before `..` is: that is what the kernel does.
    let followed = resolved(path);
    if followed == written {
        vec![written]
    } else {
        vec![written, followed]
    }
}
