//! The settings of a repository that a commit goes by, out of one `git config --list`.

use std::collections::HashMap;

use crate::error::GitError;
use crate::repository::Repository;

/// The settings; of each name the last value counts.
#[derive(Debug, Default)]
pub(crate) struct Settings(HashMap<String, String>);

impl Settings {
    pub(crate) async fn of(repository: &Repository) -> Result<Self, GitError> {
        let arguments = ["config", "--null", "--list"];
        let invocation = repository.git.invoke(repository.folder(), arguments);
        let output = invocation.reading().run().await?;
        Ok(Self::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Reads `name LF value NUL`; a name alone stands for true.
    fn parse(list: &str) -> Self {
        let entries = list.split('\0').filter(|entry| !entry.is_empty());
        let pairs = entries.map(|entry| match entry.split_once('\n') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (entry.to_owned(), "true".to_owned()),
        });
        Self(pairs.collect())
    }

    /// Returns a setting by its name in small letters.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Tells whether a setting is on; see git-config(1), "bool".
    pub(crate) fn is_on(&self, name: &str) -> Option<bool> {
        let value = self.get(name)?.to_ascii_lowercase();
        Some(!matches!(value.as_str(), "false" | "no" | "off" | "0" | ""))
    }

    /// Tells whether there are settings whose names begin so.
    pub(crate) fn has_any(&self, prefix: &str) -> bool {
        self.0.keys().any(|name| name.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_and_a_name_alone_is_true() {
        let list = "commit.gpgsign\nfalse\0core.filemode\0commit.gpgsign\ntrue\0a.b\nx\ny\0c.d\n\0";
        let settings = Settings::parse(list);
        assert_eq!(settings.is_on("commit.gpgsign"), Some(true));
        assert_eq!(settings.is_on("core.filemode"), Some(true));
        assert_eq!(settings.get("a.b"), Some("x\ny"));
        assert_eq!(settings.is_on("c.d"), Some(false));
        assert_eq!(settings.is_on("none"), None);
        assert!(settings.has_any("core.") && !settings.has_any("hook."));
    }
}
