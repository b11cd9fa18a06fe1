//! Which program serves which files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A language server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerDefinition {
    /// Its name, for people and for the configuration.
    pub name: String,
    /// What it serves.
    pub languages: Vec<Language>,
    /// The programs that can be it, each with its arguments. The first that is installed is taken.
    pub commands: Vec<Vec<String>>,
    /// Files that mark the folder of a project.
    pub root_markers: Vec<String>,
    /// What it is given at the start; null for nothing.
    pub initialization_options: Value,
    /// What it is answered when it asks for its settings, by section; null for nothing.
    pub settings: Value,
}

/// A language as servers know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    /// Its identifier (LSP 3.17, `TextDocumentItem`).
    pub id: String,
    /// The extensions of its files, without dot.
    pub extensions: Vec<String>,
}

/// What the person sets of a server. What is not set stays as it is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Whether it is used.
    pub enabled: Option<bool>,
    /// Program and arguments.
    pub command: Option<Vec<String>>,
    /// Extensions of the files that it serves, without dot, with the identifier of their language.
    pub extensions: Option<BTreeMap<String, String>>,
    /// Files that mark the folder of a project.
    pub root_markers: Option<Vec<String>>,
    /// What it is given at the start.
    pub initialization_options: Option<Value>,
    /// What it is answered when it asks for its settings, by section.
    pub settings: Option<Value>,
}

/// Languages by id with their extensions, programs with their arguments, and root markers.
type Row = (
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
    &'static [&'static [&'static str]],
    &'static [&'static str],
);

const KNOWN: &[Row] = &[
    (
        "rust",
        &[("rust", &["rs"])],
        &[&["rust-analyzer"]],
        &["Cargo.toml", "rust-project.json"],
    ),
    (
        "go",
        &[("go", &["go"])],
        &[&["gopls"]],
        &["go.work", "go.mod"],
    ),
    (
        "typescript",
        &[
            ("typescript", &["ts", "mts", "cts"]),
            ("typescriptreact", &["tsx"]),
            ("javascript", &["js", "mjs", "cjs"]),
            ("javascriptreact", &["jsx"]),
        ],
        &[
            &["typescript-language-server", "--stdio"],
            &["vtsls", "--stdio"],
        ],
        &["tsconfig.json", "jsconfig.json", "package.json"],
    ),
    (
        "python",
        &[("python", &["py", "pyi"])],
        &[
            &["basedpyright-langserver", "--stdio"],
            &["pyright-langserver", "--stdio"],
            &["pylsp"],
            &["ruff", "server"],
        ],
        &[
            "pyrightconfig.json",
            "pyproject.toml",
            "setup.py",
            "setup.cfg",
            "requirements.txt",
        ],
    ),
    (
        "c",
        &[
            ("c", &["c", "h"]),
            ("cpp", &["cc", "cpp", "cxx", "c++", "hh", "hpp", "hxx"]),
            ("objective-c", &["m"]),
            ("objective-cpp", &["mm"]),
        ],
        &[&["clangd"]],
        &[
            "compile_commands.json",
            "compile_flags.txt",
            ".clangd",
            "CMakeLists.txt",
            "meson.build",
        ],
    ),
    ("zig", &[("zig", &["zig"])], &[&["zls"]], &["build.zig"]),
    (
        "lua",
        &[("lua", &["lua"])],
        &[&["lua-language-server"]],
        &[".luarc.json", ".luarc.jsonc"],
    ),
    (
        "bash",
        &[("shellscript", &["sh", "bash"])],
        &[&["bash-language-server", "start"]],
        &[],
    ),
    (
        "ruby",
        &[("ruby", &["rb", "rake", "gemspec"])],
        &[&["ruby-lsp"], &["solargraph", "stdio"]],
        &["Gemfile"],
    ),
    (
        "php",
        &[("php", &["php"])],
        &[
            &["intelephense", "--stdio"],
            &["phpactor", "language-server"],
        ],
        &["composer.json"],
    ),
    (
        "haskell",
        &[("haskell", &["hs", "lhs"])],
        &[&["haskell-language-server-wrapper", "--lsp"]],
        &["cabal.project", "stack.yaml", "hie.yaml", "package.yaml"],
    ),
    (
        "ocaml",
        &[("ocaml", &["ml"]), ("ocaml.interface", &["mli"])],
        &[&["ocamllsp"]],
        &["dune-project", "dune-workspace"],
    ),
    (
        "swift",
        &[("swift", &["swift"])],
        &[&["sourcekit-lsp"]],
        &["Package.swift"],
    ),
    (
        "dart",
        &[("dart", &["dart"])],
        &[&["dart", "language-server"]],
        &["pubspec.yaml"],
    ),
    (
        "terraform",
        &[("terraform", &["tf"]), ("terraform-vars", &["tfvars"])],
        &[&["terraform-ls", "serve"]],
        &[".terraform"],
    ),
    (
        "nix",
        &[("nix", &["nix"])],
        &[&["nixd"], &["nil"]],
        &["flake.nix"],
    ),
    (
        "gleam",
        &[("gleam", &["gleam"])],
        &[&["gleam", "lsp"]],
        &["gleam.toml"],
    ),
];

/// Returns the servers that Loom knows, as the person has set them, and those that the person has
/// added. An added one without a command or extensions serves nothing.
pub fn definitions(settings: &BTreeMap<String, ServerSettings>) -> Vec<ServerDefinition> {
    let known = KNOWN.iter().map(known);
    let is_known = |name: &str| KNOWN.iter().any(|(known, ..)| *known == name);
    let added = settings
        .keys()
        .filter(|name| !is_known(name))
        .map(|name| ServerDefinition {
            name: name.clone(),
            languages: Vec::new(),
            commands: Vec::new(),
            root_markers: Vec::new(),
            initialization_options: Value::Null,
            settings: Value::Null,
        });
    // What the person has added comes first, so that it can take a language over.
    added
        .chain(known)
        .filter_map(|definition| match settings.get(&definition.name) {
            Some(settings) => with(definition, settings),
            None => Some(definition),
        })
        .collect()
}

fn known((name, languages, commands, root_markers): &Row) -> ServerDefinition {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    ServerDefinition {
        name: (*name).to_owned(),
        languages: languages
            .iter()
            .map(|(id, extensions)| Language {
                id: (*id).to_owned(),
                extensions: owned(extensions),
            })
            .collect(),
        commands: commands.iter().map(|command| owned(command)).collect(),
        root_markers: owned(root_markers),
        initialization_options: Value::Null,
        settings: Value::Null,
    }
}

/// Returns the definition as it is set; none when it is switched off.
fn with(mut definition: ServerDefinition, settings: &ServerSettings) -> Option<ServerDefinition> {
    if settings.enabled == Some(false) {
        return None;
    }
    let settings = settings.clone();
    if let Some(command) = settings.command {
        definition.commands = vec![command];
    }
    if let Some(extensions) = settings.extensions {
        let language = |(extension, id)| Language {
            id,
            extensions: vec![extension],
        };
        definition.languages = extensions.into_iter().map(language).collect();
    }
    if let Some(root_markers) = settings.root_markers {
        definition.root_markers = root_markers;
    }
    if let Some(options) = settings.initialization_options {
        definition.initialization_options = options;
    }
    if let Some(settings) = settings.settings {
        definition.settings = settings;
    }
    Some(definition)
}

impl ServerDefinition {
    /// Returns the identifier of a file's language, if the server serves it.
    pub(crate) fn language(&self, path: &Path) -> Option<&str> {
        let extension = path.extension()?.to_str()?;
        let language = self
            .languages
            .iter()
            .find(|language| language.extensions.iter().any(|known| known == extension))?;
        Some(&language.id)
    }

    /// Returns the folder of the project that a file belongs to: the outermost within the workspace
    /// that has a marker, as that is where a server sees the whole, or else the workspace.
    pub(crate) fn root(&self, path: &Path, workspace: &Path) -> PathBuf {
        let is_marked = |folder: &&Path| {
            self.root_markers
                .iter()
                .any(|marker| folder.join(marker).exists())
        };
        path.ancestors()
            .skip(1)
            .take_while(|folder| folder.starts_with(workspace))
            .filter(is_marked)
            .last()
            .unwrap_or(workspace)
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;

    use super::*;

    fn settings(text: &str) -> BTreeMap<String, ServerSettings> {
        serde_json::from_str(text).unwrap()
    }

    fn find<'a>(definitions: &'a [ServerDefinition], name: &str) -> Option<&'a ServerDefinition> {
        definitions
            .iter()
            .find(|definition| definition.name == name)
    }

    #[test]
    fn no_two_known_servers_share_a_name_or_an_extension() {
        let definitions = definitions(&BTreeMap::new());
        let names: Vec<&str> = definitions
            .iter()
            .map(|server| server.name.as_str())
            .collect();
        let extensions: Vec<&str> = definitions
            .iter()
            .flat_map(|server| &server.languages)
            .flat_map(|language| &language.extensions)
            .map(String::as_str)
            .collect();
        for words in [names, extensions] {
            let distinct: HashSet<&str> = words.iter().copied().collect();
            assert_eq!(distinct.len(), words.len(), "{words:?}");
        }
    }

    #[test]
    fn the_person_changes_adds_and_switches_off() {
        let definitions = definitions(&settings(
            r#"{
                "go": {"enabled": false},
                "rust": {"command": ["ra", "-v"], "settings": {"cargo": {}}},
                "vale": {"command": ["vale-ls"], "extensions": {"md": "markdown"}}
            }"#,
        ));
        assert_eq!(find(&definitions, "go"), None);
        let rust = find(&definitions, "rust").unwrap();
        assert_eq!(rust.commands, [["ra", "-v"]]);
        assert_eq!(rust.language(Path::new("a.rs")), Some("rust"));
        assert_eq!(rust.settings, serde_json::json!({"cargo": {}}));
        let vale = find(&definitions, "vale").unwrap();
        assert_eq!(vale.language(Path::new("/w/README.md")), Some("markdown"));
        assert_eq!(vale.language(Path::new("/w/md")), None);
    }

    #[test]
    fn a_slip_in_the_settings_is_an_error() {
        serde_json::from_str::<ServerSettings>(r#"{"comand": ["x"]}"#).unwrap_err();
    }

    #[test]
    fn the_root_is_the_outermost_marked_folder_of_the_workspace() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("work");
        fs::create_dir_all(workspace.join("a/b/src")).unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let definitions = definitions(&BTreeMap::new());
        let rust = find(&definitions, "rust").unwrap();
        let file = workspace.join("a/b/src/lib.rs");
        assert_eq!(rust.root(&file, &workspace), workspace);
        fs::write(workspace.join("a/b/Cargo.toml"), "").unwrap();
        assert_eq!(rust.root(&file, &workspace), workspace.join("a/b"));
        fs::write(workspace.join("a/Cargo.toml"), "").unwrap();
        assert_eq!(rust.root(&file, &workspace), workspace.join("a"));
    }
}
