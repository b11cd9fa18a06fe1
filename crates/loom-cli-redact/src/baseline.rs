//! Leaks that are known: a file of fingerprints, made by one scan and left out by later ones.
//!
//! A fingerprint is that of the secret and its rule, so a known secret stays known when its file is edited, moved
//! or copied, and a new secret in the same line is new. Rule and path are there for people.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use loom_common_file::Access;
use loom_redact::Finding;
use serde::{Deserialize, Serialize};

use crate::error::RedactError;
use crate::leak::Leak;
use crate::rule_file::read_text;

/// The version of the format.
const VERSION: u32 = 1;

/// The fingerprints of known leaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    fingerprints: HashSet<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u32,
    findings: BTreeSet<Known>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Known {
    path: String,
    rule: String,
    fingerprint: String,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// [`RedactError::File`] and [`RedactError::Unusable`].
    pub fn read(path: &Path) -> Result<Self, RedactError> {
        let unusable = |reason: String| RedactError::Unusable {
            path: path.to_owned(),
            reason,
        };
        let document: Document = serde_json::from_str(&read_text(path)?)
            .map_err(|error| unusable(format!("it is not a baseline: {error}")))?;
        if document.version != VERSION {
            return Err(unusable(format!(
                "its version is {}, and this program knows {VERSION}",
                document.version
            )));
        }
        let findings = document.findings.into_iter();
        Ok(Self {
            fingerprints: findings.map(|known| known.fingerprint).collect(),
        })
    }

    /// Writes the baseline of a scan, in the place of the file that may be there.
    ///
    /// # Errors
    ///
    /// [`RedactError::File`]; the old file is there as before.
    pub fn write(path: &Path, leaks: &[Leak]) -> Result<(), RedactError> {
        let known = |leak: &Leak| Known {
            path: leak.path.to_string_lossy().into_owned(),
            rule: leak.finding.rule.clone(),
            fingerprint: leak.finding.fingerprint.clone(),
        };
        let document = Document {
            version: VERSION,
            findings: leaks.iter().map(known).collect(),
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(RedactError::writing(folder))?;
        }
        let written = serde_json::to_vec_pretty(&document)
            .map_err(std::io::Error::from)
            .and_then(|mut content| {
                content.push(b'\n');
                loom_common_file::replace(path, content, Access::Kept)
            });
        written.map_err(RedactError::writing(path))
    }

    pub(crate) fn contains(&self, finding: &Finding) -> bool {
        self.fingerprints.contains(&finding.fingerprint)
    }
}
