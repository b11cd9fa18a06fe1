//! The languages for stitches and paths, with the person's aliases, in one workspace.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt as _;
use jj_lib::backend::CommitId;
use jj_lib::config::{ConfigGetResultExt as _, StackedConfig};
use jj_lib::dsl_util::{AliasDeclarationParser, AliasesMap};
use jj_lib::fileset::{
    self, FilesetAliasesMap, FilesetDiagnostics, FilesetExpression, FilesetParseContext,
};
use jj_lib::id_prefix::IdPrefixContext;
use jj_lib::matchers::Matcher;
use jj_lib::ref_name::{RemoteName, WorkspaceName, WorkspaceNameBuf};
use jj_lib::repo::Repo;
use jj_lib::revset::{
    self, ResolvedRevsetExpression, Revset, RevsetAliasesMap, RevsetDiagnostics, RevsetExpression,
    RevsetExtensions, RevsetParseContext, RevsetParseError, RevsetParseErrorKind,
    RevsetResolutionError, RevsetWorkspaceContext, SymbolResolver, UserRevsetExpression,
};
use jj_lib::settings::UserSettings;
use jj_lib::time_util::DatePatternContext;
use jj_lib::ui_path::RepoPathUiConverter;
use pollster::FutureExt as _;

use super::configuration::setting;
use super::doing::Doing as _;
use super::error::{RepositoryError, chain};
use super::id::KnotId;

/// Stitches, by an expression whose names are looked up already.
pub(super) type Resolved = Arc<ResolvedRevsetExpression>;

/// As many stitches are named in the error for an expression that should name one.
const NAMED_STITCHES: usize = 5;

/// How expressions are read in one workspace.
pub(super) struct Language {
    stitch_aliases: RevsetAliasesMap,
    path_aliases: FilesetAliasesMap,
    extensions: Arc<RevsetExtensions>,
    paths: RepoPathUiConverter,
    workspace: WorkspaceNameBuf,
    email: String,
    now: DatePatternContext,
    immutable_heads: Arc<UserRevsetExpression>,
    short_prefixes: Option<Arc<UserRevsetExpression>>,
}

impl Language {
    /// Reads the aliases. What is wrong with single ones goes to `warnings`.
    pub(super) fn new(
        settings: &UserSettings,
        workspace: &WorkspaceName,
        folder: &Path,
        root: &Path,
        warnings: &mut Vec<String>,
    ) -> Result<Self, RepositoryError> {
        let now = settings
            .signature()
            .timestamp
            .to_datetime()
            .doing("read the time")?;
        let mut language = Self {
            stitch_aliases: aliases(settings.config(), "revset-aliases", warnings),
            path_aliases: aliases(settings.config(), "fileset-aliases", warnings),
            extensions: Arc::new(RevsetExtensions::new()),
            paths: RepoPathUiConverter::Fs {
                cwd: folder.to_owned(),
                base: root.to_owned(),
            },
            workspace: workspace.to_owned(),
            email: settings.user_email().to_owned(),
            now: now.into(),
            immutable_heads: RevsetExpression::root(),
            short_prefixes: None,
        };
        language.immutable_heads = language.read_immutable_heads()?;
        let short = settings.get_string("revsets.short-prefixes").optional();
        let short = match short.map_err(|error| setting(&error))? {
            Some(short) => short,
            None => settings
                .get_string("revsets.log")
                .map_err(|error| setting(&error))?,
        };
        if !short.is_empty() {
            language.short_prefixes = Some(language.parse(&short)?);
        }
        Ok(language)
    }

    /// Makes `trunk()` the root when it names what is not there, as every command would fail.
    pub(super) fn settle_trunk(
        &mut self,
        repo: &dyn Repo,
        warnings: &mut Vec<String>,
    ) -> Result<(), RepositoryError> {
        let Some((_, _, definition, _)) = self.stitch_aliases.get_function("trunk", 0) else {
            return Ok(());
        };
        let Ok(expression) = revset::parse(
            &mut RevsetDiagnostics::new(),
            definition,
            &self.parse_context(),
        ) else {
            return Ok(());
        };
        let resolver = SymbolResolver::new(repo, self.extensions.symbol_resolvers());
        let Err(error) = expression.resolve_user_expression(repo, &resolver) else {
            return Ok(());
        };
        warnings.push(format!(
            "the alias `trunk()` stands for the root now, as it cannot be resolved: {}",
            chain(&error)
        ));
        self.stitch_aliases
            .insert("trunk()", "root()", None)
            .doing("set `trunk()`")?;
        self.immutable_heads = self.read_immutable_heads()?;
        Ok(())
    }

    fn read_immutable_heads(&self) -> Result<Arc<UserRevsetExpression>, RepositoryError> {
        let heads = self.parse("immutable_heads()").map_err(|error| {
            let message = format!("`revset-aliases.\"immutable_heads()\"`: {error}");
            RepositoryError::Setting { message }
        })?;
        Ok(heads.union(&RevsetExpression::root()))
    }

    pub(super) fn paths(&self) -> &RepoPathUiConverter {
        &self.paths
    }

    /// Makes a context that finds the shortest prefixes of ids in one view.
    pub(super) fn prefixes(&self) -> IdPrefixContext {
        let context = IdPrefixContext::new(self.extensions.clone());
        match &self.short_prefixes {
            Some(expression) => context.disambiguate_within(expression.clone()),
            None => context,
        }
    }

    fn parse_context(&self) -> RevsetParseContext<'_> {
        RevsetParseContext {
            aliases_map: &self.stitch_aliases,
            local_variables: HashMap::new(),
            user_email: &self.email,
            date_pattern_context: self.now,
            default_ignored_remote: Some(super::colocation::LOCAL_GIT),
            fileset_aliases_map: &self.path_aliases,
            extensions: &self.extensions,
            workspace: Some(RevsetWorkspaceContext {
                path_converter: &self.paths,
                workspace_name: &self.workspace,
            }),
        }
    }

    fn parse(&self, expression: &str) -> Result<Arc<UserRevsetExpression>, RepositoryError> {
        let mut diagnostics = RevsetDiagnostics::new();
        revset::parse(&mut diagnostics, expression, &self.parse_context())
            .map_err(|error| parse_error(expression, &error))
    }

    /// Reads an expression and looks its names up.
    pub(super) fn resolve(
        &self,
        repo: &dyn Repo,
        prefixes: &IdPrefixContext,
        expression: &str,
    ) -> Result<Resolved, RepositoryError> {
        let parsed = self.parse(expression)?;
        let resolver = SymbolResolver::new(repo, self.extensions.symbol_resolvers())
            .with_id_prefix_context(prefixes);
        parsed
            .resolve_user_expression(repo, &resolver)
            .map_err(|error| resolution_error(expression, &error))
    }

    /// Returns the stitches that may not be changed; of the root alone where `all` may be.
    pub(super) fn immutable(&self, repo: &dyn Repo) -> Result<Resolved, RepositoryError> {
        let prefixes = IdPrefixContext::new(self.extensions.clone());
        let resolver = SymbolResolver::new(repo, self.extensions.symbol_resolvers())
            .with_id_prefix_context(&prefixes);
        self.immutable_heads
            .ancestors()
            .resolve_user_expression(repo, &resolver)
            .map_err(|error| {
                let message = format!("`revset-aliases.\"immutable_heads()\"`: {error}");
                RepositoryError::Setting { message }
            })
    }

    /// Reads expressions for paths, which are relative to the folder of the command. None at all
    /// stand for all paths.
    pub(super) fn filesets(
        &self,
        expressions: &[String],
    ) -> Result<FilesetExpression, RepositoryError> {
        if expressions.is_empty() {
            return Ok(FilesetExpression::all());
        }
        let context = FilesetParseContext {
            aliases_map: &self.path_aliases,
            path_converter: &self.paths,
        };
        let mut parsed = Vec::new();
        for expression in expressions {
            let mut diagnostics = FilesetDiagnostics::new();
            let one = fileset::parse_maybe_bare(&mut diagnostics, expression, &context);
            parsed.push(one.map_err(|error| RepositoryError::Expression {
                expression: expression.clone(),
                message: format!("the fileset is not understood:\n{}", chain(&error)),
                hint: Some("see the fileset language of Jujutsu; quote names with spaces".into()),
            })?);
        }
        Ok(FilesetExpression::union_all(parsed))
    }

    /// Reads an expression for paths that stands in a file of settings.
    pub(super) fn configured_matcher(
        &self,
        name: &'static str,
        expression: &str,
    ) -> Result<Box<dyn Matcher>, RepositoryError> {
        let root = RepoPathUiConverter::Fs {
            cwd: "".into(),
            base: "".into(),
        };
        let context = FilesetParseContext {
            aliases_map: &self.path_aliases,
            path_converter: &root,
        };
        let expression = fileset::parse(&mut FilesetDiagnostics::new(), expression, &context)
            .map_err(|error| RepositoryError::Setting {
                message: format!("`{name}`: {}", chain(&error)),
            })?;
        Ok(expression.to_matcher())
    }
}

/// Finds what an expression stands for, children before parents.
pub(super) fn evaluate<'repo>(
    repo: &'repo dyn Repo,
    expression: &Resolved,
) -> Result<Box<dyn Revset + 'repo>, RepositoryError> {
    expression.clone().evaluate(repo).doing("find the stitches")
}

/// Finds all ids that an expression stands for, children before parents.
pub(super) fn evaluate_all(
    repo: &dyn Repo,
    expression: &Resolved,
) -> Result<Vec<CommitId>, RepositoryError> {
    evaluate(repo, expression)?
        .stream()
        .try_collect()
        .block_on()
        .doing("find the stitches")
}

/// Finds the one id that an expression stands for.
pub(super) fn evaluate_one(
    repo: &dyn Repo,
    expression: &str,
    resolved: &Resolved,
) -> Result<CommitId, RepositoryError> {
    let revset = evaluate(repo, resolved)?;
    let mut stream = revset.stream();
    let mut found = Vec::new();
    while found.len() < NAMED_STITCHES
        && let Some(id) = stream.try_next().block_on().doing("find the stitches")?
    {
        found.push(id);
    }
    match found.len() {
        0 => Err(RepositoryError::NoStitch {
            expression: expression.to_owned(),
        }),
        1 => Ok(found.remove(0)),
        _ => Err(RepositoryError::ManyStitches {
            expression: expression.to_owned(),
            knots: found.into_iter().map(KnotId).collect(),
        }),
    }
}

/// Reads the aliases of one table in all layers, the later ones last.
fn aliases<P>(
    config: &StackedConfig,
    table: &'static str,
    warnings: &mut Vec<String>,
) -> AliasesMap<P, String>
where
    P: AliasDeclarationParser + Default,
    P::Error: std::fmt::Display,
{
    let mut aliases = AliasesMap::new();
    for layer in config.layers() {
        let entries = match layer.look_up_table(table) {
            Ok(Some(entries)) => entries,
            Ok(None) => continue,
            Err(_) => {
                warnings.push(format!("`{table}` is not a table of settings"));
                continue;
            }
        };
        for (name, item) in entries.iter() {
            let definition = item.as_str().or_else(|| {
                let table = item.as_table_like()?;
                table.get("definition")?.as_str()
            });
            let Some(definition) = definition else {
                warnings.push(format!("the alias `{table}.{name}` is not a text"));
                continue;
            };
            if let Err(error) = aliases.insert(name, definition, None) {
                warnings.push(format!("the alias `{table}.{name}` is not used: {error}"));
            }
        }
    }
    aliases
}

fn parse_error(expression: &str, error: &RevsetParseError) -> RepositoryError {
    let hint = match error.kind() {
        RevsetParseErrorKind::NotPrefixOperator {
            similar_op,
            description,
            ..
        }
        | RevsetParseErrorKind::NotPostfixOperator {
            similar_op,
            description,
            ..
        }
        | RevsetParseErrorKind::NotInfixOperator {
            similar_op,
            description,
            ..
        } => Some(format!("did you mean `{similar_op}` for {description}?")),
        RevsetParseErrorKind::NoSuchFunction { candidates, .. } => similar(candidates),
        _ => None,
    };
    RepositoryError::Expression {
        expression: expression.to_owned(),
        // With the place, over several lines.
        message: format!("the revset is not understood:\n{}", chain(error)),
        hint,
    }
}

fn resolution_error(expression: &str, error: &RevsetResolutionError) -> RepositoryError {
    let hint = match error {
        RevsetResolutionError::NoSuchRevision { candidates, .. } => similar(candidates),
        RevsetResolutionError::EmptyString => Some("`@` is the shuttle's stitch".to_owned()),
        RevsetResolutionError::AmbiguousCommitIdPrefix(_)
        | RevsetResolutionError::AmbiguousChangeIdPrefix(_) => Some("write more of it".to_owned()),
        RevsetResolutionError::DivergentChangeId {
            visible_targets, ..
        } => Some(format!(
            "the stitch has several knots; name one of {}, or snip those that are not wanted",
            short(visible_targets.iter().map(|(_, id)| id))
        )),
        RevsetResolutionError::ConflictedRef {
            kind,
            symbol,
            targets,
        } => Some(format!(
            "it stands for {}; name one of them, or set the {kind} anew: {kind}s() with the name \
             `{symbol}` finds all",
            short(targets)
        )),
        _ => None,
    };
    RepositoryError::Expression {
        expression: expression.to_owned(),
        message: chain(error),
        hint,
    }
}

fn similar(candidates: &[String]) -> Option<String> {
    let candidates: Vec<_> = candidates.iter().map(|name| format!("`{name}`")).collect();
    (!candidates.is_empty()).then(|| format!("did you mean {}?", candidates.join(", ")))
}

fn short<'a>(ids: impl IntoIterator<Item = &'a CommitId>) -> String {
    let ids: Vec<_> = ids.into_iter().map(|id| format!("{id:.12}")).collect();
    ids.join(", ")
}

/// The remote that `RemoteName`s are compared with.
pub(super) fn is_local_git(name: &RemoteName) -> bool {
    name == super::colocation::LOCAL_GIT
}
