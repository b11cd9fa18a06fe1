//! Comparisons as people read them.
//!
//! A comparison is a list of [`FileDiff`]s. Each [`Form`] draws it its own way: as names
//! ([`listing`]), as counts ([`stat`]), as a patch that `git apply` takes ([`git`]), or line by line
//! with the words that changed in colour ([`words`]). Lines are compared as Jujutsu compares them, so
//! that both show the same.

mod git;
mod listing;
mod stat;
mod words;

use loom_common_spool::repository::{
    ChangeStatus, ChangedFile, Comparison, EntryKind, RepositoryError, Whitespace,
};

use self::stat::Histogram;
use crate::arguments::DiffArguments;
use crate::page::Page;
use crate::paths::ShownPaths;

/// What happened to one file: it was added, removed, changed, renamed or copied.
#[derive(Clone, Debug)]
pub(crate) struct FileDiff {
    /// What it was; none when it is new.
    pub(crate) before: Option<Version>,
    /// What it is; none when it is gone.
    pub(crate) after: Option<Version>,
    /// Whether what it was is still there.
    pub(crate) copied: bool,
}

/// A version of a file.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// Its path from the top of the repository.
    pub(crate) path: String,
    /// Its path as seen from the current folder.
    pub(crate) shown: String,
    pub(crate) kind: EntryKind,
    /// The first letters of the id of its content.
    pub(crate) hash: String,
    pub(crate) content: Content,
}

/// What is in a file.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// It was not read, as only names are shown.
    Unread,
    /// Text, as far as can be seen.
    Text(Vec<u8>),
    /// Anything else; it is not shown.
    Binary,
}

impl Content {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(bytes) => bytes,
            Self::Binary | Self::Unread => &[],
        }
    }

    fn is_binary(&self) -> bool {
        matches!(self, Self::Binary)
    }
}

/// What is in a file that is not there.
const NOTHING: &[u8] = b"";

impl FileDiff {
    /// Makes a comparison of names.
    fn unread(file: &ChangedFile, paths: &ShownPaths) -> Self {
        let version = |path: &str, kind| {
            (kind != EntryKind::Absent).then(|| Version {
                path: path.to_owned(),
                shown: paths.shown(path),
                kind,
                hash: String::new(),
                content: Content::Unread,
            })
        };
        Self {
            before: version(&file.source, file.before),
            after: version(&file.path, file.after),
            copied: file.status == ChangeStatus::Copied,
        }
    }

    /// Reads both contents.
    fn read(
        comparison: &Comparison<'_>,
        file: &ChangedFile,
        paths: &ShownPaths,
    ) -> Result<Self, RepositoryError> {
        let mut read = Self::unread(file, paths);
        let (before, after) = comparison.contents(file)?;
        for (version, content) in [(&mut read.before, before), (&mut read.after, after)] {
            if let Some(version) = version {
                version.hash = content.hash;
                version.content = match content.binary {
                    true => Content::Binary,
                    false => Content::Text(content.bytes),
                };
            }
        }
        Ok(read)
    }

    /// Returns both contents, empty where there is none.
    fn contents(&self) -> [&[u8]; 2] {
        [&self.before, &self.after].map(|version| {
            version
                .as_ref()
                .map_or(NOTHING, |version| version.content.bytes())
        })
    }

    fn is_binary(&self) -> bool {
        [&self.before, &self.after]
            .into_iter()
            .flatten()
            .any(|version| version.content.is_binary())
    }

    /// Returns the version that the file is known by: the new one, or the old one when it is gone.
    fn known_by(&self) -> Option<&Version> {
        self.after.as_ref().or(self.before.as_ref())
    }

    /// Returns the old and the new path when they differ.
    fn moved(&self) -> Option<(&Version, &Version)> {
        let (before, after) = (self.before.as_ref()?, self.after.as_ref()?);
        (before.path != after.path).then_some((before, after))
    }
}

/// How comparisons are drawn.
#[derive(Clone, Debug)]
pub(crate) struct Drawing {
    forms: Vec<Form>,
    lines: Lines,
}

/// One way to draw a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A letter and a name for each file.
    Summary,
    /// The types before and after, and a name for each file.
    Types,
    /// A name for each file.
    Names,
    /// How many lines changed in each file.
    Stat,
    /// A patch in git's format.
    Git,
    /// Line by line, with words in colour.
    Words,
}

impl Form {
    /// Tells whether it shows what is in the files, and not just which.
    fn needs_content(self) -> bool {
        matches!(self, Self::Stat | Self::Git | Self::Words)
    }
}

/// How lines are compared, and how many are shown around those that differ.
#[derive(Clone, Copy, Debug)]
struct Lines {
    context: usize,
    whitespace: Whitespace,
}

impl Drawing {
    /// Returns the drawing that the arguments ask for; none when they ask for no form.
    pub(crate) fn asked(arguments: &DiffArguments) -> Option<Self> {
        let forms = [
            (arguments.summary, Form::Summary),
            (arguments.types, Form::Types),
            (arguments.name_only, Form::Names),
            (arguments.stat, Form::Stat),
            (arguments.git, Form::Git),
            (arguments.color_words, Form::Words),
        ];
        let forms = forms
            .into_iter()
            .filter_map(|(asked, form)| asked.then_some(form))
            .collect();
        Some(Self::of(forms, arguments)).filter(|drawing| !drawing.forms.is_empty())
    }

    /// Returns the drawing that the arguments ask for, or one in words.
    pub(crate) fn asked_or_words(arguments: &DiffArguments) -> Self {
        Self::asked(arguments).unwrap_or_else(|| Self::of(vec![Form::Words], arguments))
    }

    fn of(forms: Vec<Form>, arguments: &DiffArguments) -> Self {
        let whitespace = match (arguments.ignore_all_space, arguments.ignore_space_change) {
            (true, _) => Whitespace::Ignored,
            (false, true) => Whitespace::AmountIgnored,
            (false, false) => Whitespace::Counts,
        };
        let lines = Lines {
            context: arguments.context.unwrap_or(3),
            whitespace,
        };
        Self { forms, lines }
    }

    /// Draws a comparison onto a page.
    pub(crate) fn draw(
        &self,
        page: &mut Page,
        comparison: &Comparison<'_>,
        paths: &ShownPaths,
    ) -> Result<(), RepositoryError> {
        for form in &self.forms {
            if !form.needs_content() {
                names_in(*form, page, &comparison.files, paths);
                continue;
            }
            let mut stat = Histogram::default();
            for file in &comparison.files {
                // One after the other: all at once may be more than fits into memory.
                let file = FileDiff::read(comparison, file, paths)?;
                match form {
                    Form::Stat => stat.count(&file, self.lines),
                    _ => self.draw_file(*form, page, &file),
                }
            }
            if *form == Form::Stat {
                stat.draw(page);
            }
        }
        Ok(())
    }

    fn draw_file(&self, form: Form, page: &mut Page, file: &FileDiff) {
        match form {
            Form::Git => git::patch(page, file, self.lines),
            _ => words::words(page, file, self.lines),
        }
    }
}

/// Draws a letter and a name for each file.
pub(crate) fn summary(page: &mut Page, files: &[ChangedFile], paths: &ShownPaths) {
    names_in(Form::Summary, page, files, paths);
}

fn names_in(form: Form, page: &mut Page, files: &[ChangedFile], paths: &ShownPaths) {
    for file in files {
        let file = FileDiff::unread(file, paths);
        match form {
            Form::Types => listing::types(page, &file),
            Form::Names => listing::name_only(page, &file),
            _ => listing::summary(page, &file),
        }
    }
}

#[cfg(test)]
mod tests;
