//! Where the server's data goes.

use std::fs;
use std::path::PathBuf;

use loom_common_config::{Arguments, Environment, Origin};
use loom_server_config::load;
use tempfile::TempDir;

fn data_dir(variables: &[(&str, &str)], argument: Option<&str>) -> Result<PathBuf, String> {
    let environment: Environment = variables.iter().copied().collect();
    let arguments = Arguments::new().with("--data-dir", argument);
    match load(&environment, None, &arguments) {
        Ok(resolved) => Ok(resolved.value.data_dir),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn it_defaults_to_looms_folder_for_data() {
    assert_eq!(
        data_dir(&[("HOME", "/home/ada")], None),
        Ok("/home/ada/.local/share/loom".into())
    );
    let xdg = [("HOME", "/home/ada"), ("XDG_DATA_HOME", "/srv")];
    assert_eq!(data_dir(&xdg, None), Ok("/srv/loom".into()));
    let environment: Environment = xdg.into_iter().collect();
    let resolved = load(&environment, None, &Arguments::new()).unwrap();
    let row = resolved
        .rows()
        .into_iter()
        .find(|row| row.key == "data_dir")
        .unwrap();
    assert_eq!(
        (row.value, row.origin),
        ("/srv/loom".into(), Origin::Default)
    );
}

#[test]
fn an_argument_wins_over_a_variable_over_the_default() {
    let variables = [("HOME", "/home/ada"), ("LOOM_DATA_DIR", "/srv/variable")];
    assert_eq!(data_dir(&variables, None), Ok("/srv/variable".into()));
    assert_eq!(
        data_dir(&variables, Some("/srv/argument")),
        Ok("/srv/argument".into())
    );
}

#[test]
fn told_where_to_go_it_needs_no_home() {
    assert_eq!(
        data_dir(&[("LOOM_DATA_DIR", "/srv")], None),
        Ok("/srv".into())
    );
    assert_eq!(data_dir(&[], Some("/srv")), Ok("/srv".into()));
    assert_eq!(
        data_dir(&[], None),
        Err("cannot tell where the user's files are: neither XDG_DATA_HOME nor HOME is set".into())
    );
}

#[test]
fn only_an_argument_may_be_relative() {
    assert_eq!(data_dir(&[], Some("data")), Ok("data".into()));
    assert_eq!(
        data_dir(&[], Some("")),
        Err("argument --data-dir: `data_dir` is not usable: the path is empty".into())
    );
    assert_eq!(
        data_dir(&[("LOOM_DATA_DIR", "data")], None),
        Err(
            "environment LOOM_DATA_DIR: `data_dir` is not usable: the path must be absolute".into()
        )
    );
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("server.toml");
    fs::write(&file, "data_dir = 'data'").unwrap();
    let error = load(&Environment::new(), Some(&file), &Arguments::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}:1:12: `data_dir` is not usable: the path must be absolute",
            file.display()
        )
    );
}

#[test]
fn a_default_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let home = std::ffi::OsString::from_vec(b"/home/\xff".to_vec());
    let environment: Environment = [("HOME", home)].into_iter().collect();
    let error = load(&environment, None, &Arguments::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "default: `data_dir` is not usable: the path is not valid UTF-8"
    );
}
