//! Hands the commit, target and profile of this build to the crate.
#![expect(
    clippy::print_stdout,
    reason = "cargo reads its instructions from standard output"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "cargo hands a build script its input in the environment"
)]

mod commit;

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-env-changed=LOOM_GIT_SHA");

    let target = env::var("TARGET").unwrap_or_else(|_| commit::UNKNOWN.to_owned());
    let profile = env::var("PROFILE").unwrap_or_else(|_| commit::UNKNOWN.to_owned());
    let given = env::var("LOOM_GIT_SHA").ok();
    let crate_dir = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();

    let commit = commit::Commit::of_build(given.as_deref(), &profile, Path::new(&crate_dir));
    for path in &commit.watched {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    println!("cargo::rustc-env=LOOM_BUILD_COMMIT={}", commit.id);
    println!("cargo::rustc-env=LOOM_BUILD_TARGET={target}");
    println!("cargo::rustc-env=LOOM_BUILD_PROFILE={profile}");
}
