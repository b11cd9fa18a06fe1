//! Which variables change what other commands do.
//!
//! A variable that is handed to a program is harmless only if it is known to be: hundreds of
//! programs take the name of another program, a file with settings or options from one
//! (`GIT_EXTERNAL_DIFF`, `RUSTC_WRAPPER`, `NODE_OPTIONS`). A variable that is set for the shell alone
//! reaches programs only if it is exported already, so there it is enough to leave out the names
//! that shells, loaders and programs are known to look at.

use super::word::Word;

/// Variables about how things are shown, how much is told, and how tests run.
const HARMLESS: &[&str] = &[
    "CARGO_INCREMENTAL",
    "CARGO_NET_OFFLINE",
    "CGO_ENABLED",
    "CI",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "COLUMNS",
    "DEBIAN_FRONTEND",
    "DEBUG",
    "FORCE_COLOR",
    "GIT_OPTIONAL_LOCKS",
    "GIT_TERMINAL_PROMPT",
    "GOARCH",
    "GOMAXPROCS",
    "GOOS",
    "INSTA_UPDATE",
    "LANG",
    "LANGUAGE",
    "LINES",
    "LOG_LEVEL",
    "NODE_ENV",
    "NO_COLOR",
    "PROPTEST_CASES",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONUNBUFFERED",
    "RAILS_ENV",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "RUST_LOG",
    "RUST_TEST_THREADS",
    "SQLX_OFFLINE",
    "TERM",
    "TZ",
    "VERBOSE",
];

/// Beginnings of names that are harmless, too.
const HARMLESS_FAMILIES: &[&str] = &["CARGO_TERM_", "LC_"];

/// Variables that are harmless if they name the program that shows everything as it is.
const PAGERS: &[&str] = &["GIT_PAGER", "MANPAGER", "PAGER", "SYSTEMD_PAGER"];

/// Variables that the shell or the loader looks at, whole names.
const INFLUENTIAL: &[&str] = &[
    "AR",
    "AS",
    "BROWSER",
    "CC",
    "CXX",
    "ENV",
    "FCEDIT",
    "FIGNORE",
    "FPATH",
    "FUNCNEST",
    "GLOBIGNORE",
    "HISTFILE",
    "HOSTALIASES",
    "IFS",
    "LD",
    "MAIL",
    "MAKE",
    "OPTIND",
    "POSIXLY_CORRECT",
    "PS0",
    "PS1",
    "PS2",
    "PS3",
    "PS4",
    "TMPDIR",
    "USER",
    "VISUAL",
];

/// Beginnings of such names.
const INFLUENTIAL_FAMILIES: &[&str] = &[
    "AWS_",
    "BASH",
    "CARGO",
    "DIRENV",
    "DOCKER",
    "DYLD_",
    "GCC_",
    "GCONV",
    "GEM_",
    "GIT_",
    "GLIBC_",
    "GO",
    "GPG_",
    "JAVA_",
    "JDK_",
    "KUBE",
    "LD_",
    "LESS",
    "LOOM_",
    "LUA_",
    "MALLOC_",
    "MANOPT",
    "NODE_",
    "NPM_",
    "PERL",
    "PIP_",
    "PKG_",
    "PROMPT",
    "PYTHON",
    "RIPGREP_",
    "RUBY",
    "RUST",
    "SSH_",
    "SUDO_",
    "TAR_",
    "XDG_",
    "npm_config_",
];

/// Parts of such names.
const INFLUENTIAL_PARTS: &[&str] = &[
    "ASKPASS", "COMMAND", "CONFIG", "DIFF", "EDITOR", "FLAGS", "HOME", "LOADER", "MERGE",
    "OPTIONS", "OPTS", "PAGER", "PATH", "PRELOAD", "PROXY", "RC", "RUNNER", "SHELL", "WRAPPER",
    "_proxy",
];

/// Tells whether programs that get the variable do what they do without it.
pub(super) fn is_harmless(name: &str, value: &Word) -> bool {
    HARMLESS.contains(&name)
        || HARMLESS_FAMILIES
            .iter()
            .any(|family| name.starts_with(family))
        || (PAGERS.contains(&name) && (value.is("cat") || value.is("")))
}

/// Tells whether the shell, the loader or programs are known to look at the variable.
pub(super) fn is_influential(name: &str) -> bool {
    INFLUENTIAL.contains(&name)
        || INFLUENTIAL_FAMILIES
            .iter()
            .any(|family| name.starts_with(family))
        || INFLUENTIAL_PARTS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_start_programs_are_influential_and_not_harmless() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "BASH_ENV",
            "GIT_SSH_COMMAND",
            "PAGER",
            "EDITOR",
            "IFS",
            "RUSTC_WRAPPER",
            "NODE_OPTIONS",
            "PERL5LIB",
            "http_proxy",
            "CARGO_HOME",
            "LESSOPEN",
            "MAKEFLAGS",
        ] {
            assert!(is_influential(name), "{name}");
            assert!(!is_harmless(name, &Word::closed("x")), "{name}");
        }
    }

    #[test]
    fn variables_about_the_output_are_harmless() {
        for name in ["RUST_LOG", "LC_ALL", "CI", "CARGO_TERM_COLOR"] {
            assert!(is_harmless(name, &Word::closed("x")), "{name}");
        }
        assert!(is_harmless("PAGER", &Word::closed("cat")));
        assert!(!is_harmless("PAGER", &Word::closed("rm -rf /")));
        assert!(!is_harmless("PAGER", &Word::unknown()));
    }

    #[test]
    fn own_names_are_not_influential() {
        for name in ["i", "file", "FILE", "ROOT", "out_dir", "tmp"] {
            assert!(!is_influential(name), "{name}");
        }
    }
}
