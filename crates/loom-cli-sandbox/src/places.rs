//! Places that a command must not see: credentials, keyrings, browser profiles, Loom's own files.
//!
//! The list is of names, made without looking at the disk: whoever hides them finds out what is
//! there and what symbolic links lead to. It holds the usual places below the home folder, those
//! that variables of the environment name instead, and places of the system that hand credentials
//! to containers. A place is a file or a folder with all that is in it.

use std::path::{Path, PathBuf};

use loom_common_config::{Directories, Environment};

/// Files and folders below the home folder.
const BELOW_HOME: &[&str] = &[
    // Keys and agents for signing and logging in.
    ".ssh",
    ".gnupg",
    ".pki",
    ".age",
    ".step",
    ".putty",
    ".vault-token",
    ".netrc",
    "_netrc",
    ".authinfo",
    ".authinfo.gpg",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".smbcredentials",
    ".Xauthority",
    ".ICEauthority",
    // Clouds and clusters.
    ".aws",
    ".azure",
    ".boto",
    ".s3cfg",
    ".kube",
    ".minikube/profiles",
    ".oci",
    ".aliyun",
    ".bluemix",
    ".fly",
    ".terraform.d/credentials.tfrc.json",
    ".terraformrc",
    ".pulumi/credentials.json",
    ".docker/config.json",
    ".docker/contexts",
    ".docker/run",
    ".docker/desktop",
    ".colima",
    ".lima",
    ".rd",
    // Hosts of code and registries of packages.
    ".git-credentials",
    ".npmrc",
    ".yarnrc.yml",
    ".pypirc",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".bundle/config",
    ".composer/auth.json",
    ".m2/settings.xml",
    ".m2/settings-security.xml",
    ".gradle/gradle.properties",
    ".nuget/NuGet",
    ".hex/hex.config",
    ".huggingface/token",
    ".kaggle/kaggle.json",
    ".databrickscfg",
    ".snowflake",
    ".dbt/profiles.yml",
    ".netlify",
    ".expo",
    ".heroku",
    // Password stores.
    ".password-store",
    ".keepass",
    ".keepassxc",
    ".1password",
    ".op",
    ".electrum",
    ".bitcoin",
    ".ethereum",
    // Mail and browsers.
    ".mozilla",
    ".thunderbird",
    ".opera",
    ".mutt",
    ".muttrc",
    ".msmtprc",
    ".fetchmailrc",
    "snap/firefox",
    "snap/chromium",
    "snap/thunderbird",
    ".var/app/org.mozilla.firefox",
    ".var/app/org.mozilla.Thunderbird",
    ".var/app/org.chromium.Chromium",
    ".var/app/com.google.Chrome",
    ".var/app/com.brave.Browser",
    ".var/app/com.microsoft.Edge",
    ".var/app/com.bitwarden.desktop",
    ".var/app/org.keepassxc.KeePassXC",
    // Credentials and conversations of other agents.
    ".claude",
    ".claude.json",
    ".codex",
    ".gemini",
    ".qwen",
    ".continue",
    ".aider.conf.yml",
    ".cursor",
    ".copilot",
    ".crush",
    // What was typed into shells and prompts often holds secrets.
    ".bash_history",
    ".zsh_history",
    ".python_history",
    ".node_repl_history",
    ".psql_history",
    ".mysql_history",
    ".sqlite_history",
    ".rediscli_history",
];

/// Files and folders below the folder of configurations (`$XDG_CONFIG_HOME`).
const BELOW_CONFIG: &[&str] = &[
    "gcloud",
    "gh",
    "glab-cli",
    "hub",
    "git/credentials",
    "doctl",
    "hcloud",
    "rclone",
    "containers/auth.json",
    "helm/registry",
    "sops",
    "age",
    "op",
    "1Password",
    "Bitwarden",
    "Bitwarden CLI",
    "keepassxc",
    "KeePass",
    "kwalletrc",
    "composer/auth.json",
    "configstore",
    "pypoetry/auth.toml",
    "uv/credentials",
    "NuGet",
    "pip/pip.conf",
    "stripe",
    "vercel",
    "com.vercel.cli",
    "netlify",
    ".wrangler",
    "fly",
    "railway",
    "supabase",
    "ngrok",
    "sentry",
    "neomutt",
    "mutt",
    "msmtp",
    "aerc",
    "google-chrome",
    "google-chrome-beta",
    "google-chrome-unstable",
    "chromium",
    "BraveSoftware",
    "microsoft-edge",
    "vivaldi",
    "opera",
    "mozilla",
    "Slack",
    "discord",
    "Signal",
    "Element",
    "github-copilot",
    "opencode",
    "crush",
    "goose",
    "Cursor",
];

/// Files and folders below the folder of data (`$XDG_DATA_HOME`).
const BELOW_DATA: &[&str] = &[
    "keyrings",
    "kwalletd",
    "gnome-keyring",
    "gopass",
    "password-store",
    "pass",
    "com.vercel.cli",
    "doctl",
    "uv/credentials",
    "pki",
    "evolution",
    "geary",
    "TelegramDesktop",
    "opencode",
    "crush",
    "goose",
    "fish/fish_history",
    "atuin",
];

/// Places of the system from which services and containers get credentials, and those that only
/// the administrator can read: for when Loom runs as one.
const OF_THE_SYSTEM: &[&str] = &[
    "/run/secrets",
    "/var/run/secrets",
    "/run/credentials",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/krb5.keytab",
    "/etc/ssl/private",
    "/etc/kubernetes",
    "/etc/rancher",
    "/etc/wireguard",
    "/etc/NetworkManager/system-connections",
    "/var/lib/kubelet",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/systemd/credential.secret",
];

/// Variables that name a file or a folder with credentials.
const NAMED_BY_VARIABLES: &[&str] = &[
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AZURE_CONFIG_DIR",
    "BOTO_CONFIG",
    "CLAUDE_CONFIG_DIR",
    "CLOUDSDK_CONFIG",
    "CODEX_HOME",
    "GH_CONFIG_DIR",
    "GNUPGHOME",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "LOOM_SERVER_CONFIG",
    "LOOM_TOKEN_FILE",
    "NETRC",
    "NPM_CONFIG_USERCONFIG",
    "PASSWORD_STORE_DIR",
    "PGPASSFILE",
    "PIP_CONFIG_FILE",
    "REGISTRY_AUTH_FILE",
    "SOPS_AGE_KEY_FILE",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
    "npm_config_userconfig",
];

/// Returns the places that commands must not see, absolute and each once, whether or not they
/// exist.
///
/// `home` is the person's home folder. `environment` says where some of the places are instead of
/// the usual folders; both are listed then.
pub fn hidden_places(home: &Path, environment: &Environment) -> Vec<PathBuf> {
    let absolute = |name: &str| {
        environment
            .get(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let mut places = Vec::new();
    let mut below = |folder: PathBuf, names: &[&str]| {
        places.extend(names.iter().map(|name| folder.join(name)));
        // Loom's own: tokens, conversations, what it does and allows.
        places.push(folder.join("loom"));
    };
    for (variable, usual, names) in [
        ("XDG_CONFIG_HOME", ".config", BELOW_CONFIG),
        ("XDG_DATA_HOME", ".local/share", BELOW_DATA),
        ("XDG_STATE_HOME", ".local/state", &[]),
        (
            "XDG_CACHE_HOME",
            ".cache",
            &["mozilla", "google-chrome", "chromium"],
        ),
    ] {
        below(home.join(usual), names);
        if let Some(folder) = absolute(variable) {
            below(folder, names);
        }
    }
    places.extend(BELOW_HOME.iter().map(|name| home.join(name)));
    places.extend(OF_THE_SYSTEM.iter().map(PathBuf::from));
    places.extend(NAMED_BY_VARIABLES.iter().filter_map(|name| absolute(name)));
    for (variable, names) in [
        ("CARGO_HOME", ["credentials", "credentials.toml"].as_slice()),
        ("DOCKER_CONFIG", &["config.json", "contexts"]),
        ("GRADLE_USER_HOME", &["gradle.properties"]),
        ("COMPOSER_HOME", &["auth.json"]),
        ("HF_HOME", &["token"]),
    ] {
        if let Some(folder) = absolute(variable) {
            places.extend(names.iter().map(|name| folder.join(name)));
        }
    }
    if let Some(list) = environment.get("KUBECONFIG") {
        places.extend(std::env::split_paths(list).filter(|path| path.is_absolute()));
    }
    let directories = Directories::new(environment);
    places.extend(directories.config());
    places.extend(directories.data());
    places.extend(directories.state());
    places.extend(directories.cache());
    places.sort();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(variables: &[(&str, &str)]) -> Vec<PathBuf> {
        hidden_places(Path::new("/home/ada"), &variables.iter().copied().collect())
    }

    fn has(places: &[PathBuf], path: &str) -> bool {
        places.contains(&PathBuf::from(path))
    }

    #[test]
    fn the_usual_places_below_the_home_are_listed() {
        let places = places(&[]);
        for name in [
            ".ssh",
            ".gnupg",
            ".aws",
            ".azure",
            ".kube",
            ".netrc",
            ".git-credentials",
            ".npmrc",
            ".pypirc",
            ".docker/config.json",
            ".cargo/credentials",
            ".cargo/credentials.toml",
            ".config/gcloud",
            ".config/gh",
            ".config/loom",
            ".config/google-chrome",
            ".mozilla",
            ".password-store",
            ".local/share/keyrings",
            ".local/share/loom",
            ".local/state/loom",
            ".claude",
            ".codex",
        ] {
            assert!(has(&places, &format!("/home/ada/{name}")), "{name}");
        }
    }

    #[test]
    fn variables_move_places_and_the_usual_ones_stay_listed() {
        let places = places(&[
            ("XDG_CONFIG_HOME", "/c"),
            ("CARGO_HOME", "/cargo"),
            ("KUBECONFIG", "/k/one:relative:/k/two"),
            ("GNUPGHOME", "/keys"),
            ("NETRC", "relative"),
        ]);
        for path in [
            "/c/gcloud",
            "/c/loom",
            "/home/ada/.config/gcloud",
            "/cargo/credentials.toml",
            "/k/one",
            "/k/two",
            "/keys",
        ] {
            assert!(has(&places, path), "{path}");
        }
        assert!(places.iter().all(|path| path.is_absolute()));
    }

    #[test]
    fn each_place_is_listed_once() {
        let places = places(&[("XDG_CONFIG_HOME", "/home/ada/.config")]);
        let mut unique = places.clone();
        unique.dedup();
        assert_eq!(places, unique);
    }
}
