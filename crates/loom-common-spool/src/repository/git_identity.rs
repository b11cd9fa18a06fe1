//! Who the person is, as git knows it, for those who never told Jujutsu.
//!
//! Whoever winds a spool on a repository of git has told git their name and e-mail address. Settings
//! of Jujutsu go before these.

use std::path::PathBuf;

use gix::config::{File, Source};

use super::configuration::Place;
use super::surroundings::Surroundings;

/// Finds the values of `user.name` and `user.email`, where git has them.
pub(super) fn identity(
    surroundings: &Surroundings,
    place: Option<Place<'_>>,
) -> Vec<(&'static str, String)> {
    let files = files(surroundings, place);
    let read = |path: PathBuf| File::from_path_no_includes(path, Source::User).ok();
    let files: Vec<_> = files.into_iter().filter_map(read).collect();
    [
        ("user.name", "GIT_AUTHOR_NAME"),
        ("user.email", "GIT_AUTHOR_EMAIL"),
    ]
    .into_iter()
    .filter_map(|(name, variable)| {
        let given = surroundings.environment.get(variable).cloned();
        let in_file = || files.iter().find_map(|file| file.string(name));
        let value = given.or_else(|| Some(in_file()?.to_string()))?;
        (!value.is_empty()).then_some((name, value))
    })
    .collect()
}

/// Lists the files in which git looks (git-config(1), "FILES"), the strongest first.
fn files(surroundings: &Surroundings, place: Option<Place<'_>>) -> Vec<PathBuf> {
    let of_repository = place.map(|place| place.workspace.join(".git/config"));
    let of_person = match surroundings.environment.get("GIT_CONFIG_GLOBAL") {
        Some(path) => [Some(PathBuf::from(path)), None],
        None => [
            surroundings
                .home
                .as_ref()
                .map(|home| home.join(".gitconfig")),
            surroundings
                .configuration
                .as_ref()
                .map(|folder| folder.join("git/config")),
        ],
    };
    let files = std::iter::once(of_repository).chain(of_person);
    files.flatten().filter(|path| path.is_file()).collect()
}
