use loom_common_version::{BuildInfo, build_info};

fn example() -> BuildInfo {
    BuildInfo {
        version: "1.2.3".to_owned(),
        commit: "0123456789ab".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        profile: "release".to_owned(),
    }
}

#[test]
fn one_line_names_version_commit_and_target() {
    assert_eq!(
        example().to_string(),
        "1.2.3 (0123456789ab x86_64-unknown-linux-gnu)"
    );
}

#[test]
fn data_is_a_flat_object() {
    let json = serde_json::to_string(&example()).unwrap();
    assert_eq!(
        json,
        r#"{"version":"1.2.3","commit":"0123456789ab","target":"x86_64-unknown-linux-gnu","profile":"release"}"#
    );
    assert_eq!(serde_json::from_str::<BuildInfo>(&json).unwrap(), example());
}

#[test]
fn this_build_knows_itself() {
    let info = build_info();
    assert_eq!(info.version, env!("CARGO_PKG_VERSION"));
    assert!(
        info.target.starts_with(std::env::consts::ARCH),
        "{}",
        info.target
    );
    assert_eq!(
        info.profile,
        if cfg!(debug_assertions) {
            "debug"
        } else {
            "release"
        }
    );
    assert!(!info.commit.is_empty());
}
