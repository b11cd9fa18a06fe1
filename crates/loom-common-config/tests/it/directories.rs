use std::path::PathBuf;

use loom_common_config::Directories;

use crate::example::environment;

/// All folders in this environment: configuration, data, state, cache, runtime.
fn all(variables: &[(&str, &str)]) -> [Option<PathBuf>; 5] {
    let environment = environment(variables);
    let directories = Directories::new(&environment);
    [
        directories.config().ok(),
        directories.data().ok(),
        directories.state().ok(),
        directories.cache().ok(),
        directories.runtime(),
    ]
}

fn paths(paths: [&str; 5]) -> [Option<PathBuf>; 5] {
    paths.map(|path| {
        if path.is_empty() {
            None
        } else {
            Some(PathBuf::from(path))
        }
    })
}

const XDG: [(&str, &str); 5] = [
    ("XDG_CONFIG_HOME", "/c"),
    ("XDG_DATA_HOME", "/d"),
    ("XDG_STATE_HOME", "/s"),
    ("XDG_CACHE_HOME", "/k"),
    ("XDG_RUNTIME_DIR", "/r"),
];

#[test]
fn defaults_lie_below_home() {
    let expected = paths([
        "/home/ada/.config/loom",
        "/home/ada/.local/share/loom",
        "/home/ada/.local/state/loom",
        "/home/ada/.cache/loom",
        "",
    ]);
    assert_eq!(all(&[("HOME", "/home/ada")]), expected);
}

#[test]
fn xdg_variables_move_them_and_need_no_home() {
    assert_eq!(
        all(&XDG),
        paths(["/c/loom", "/d/loom", "/s/loom", "/k/loom", "/r/loom"])
    );
}

#[test]
fn relative_and_empty_xdg_variables_are_ignored() {
    for value in ["", "relative", "./here", "~/config"] {
        let mut variables: Vec<_> = XDG.iter().map(|(name, _)| (*name, value)).collect();
        variables.push(("HOME", "/home/ada"));
        assert_eq!(all(&variables), all(&[("HOME", "/home/ada")]), "{value:?}");
    }
}

#[test]
fn looms_own_variables_name_the_folder_itself() {
    let variables = [
        ("HOME", "/home/ada"),
        ("LOOM_DATA_DIR", "/srv/data"),
        ("LOOM_STATE_DIR", "/srv/state"),
    ];
    let [_, data, state, ..] = all(&[&XDG[..], &variables].concat());
    assert_eq!(data, Some("/srv/data".into()));
    assert_eq!(state, Some("/srv/state".into()));
}

#[test]
fn looms_own_variables_must_be_absolute() {
    let environment = environment(&[("HOME", "/home/ada"), ("LOOM_DATA_DIR", "data")]);
    let error = Directories::new(&environment).data().unwrap_err();
    assert_eq!(
        error.to_string(),
        "LOOM_DATA_DIR must be an absolute path, not data"
    );
}

#[test]
fn without_a_home_the_error_says_what_to_set() {
    for variables in [&[][..], &[("HOME", "")], &[("HOME", "relative")]] {
        let environment = environment(variables);
        let error = Directories::new(&environment).cache().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot tell where the user's files are: neither XDG_CACHE_HOME nor HOME is set"
        );
        assert_eq!(
            error.hint().as_deref(),
            Some("set HOME, or XDG_CACHE_HOME, to a folder")
        );
    }
}
