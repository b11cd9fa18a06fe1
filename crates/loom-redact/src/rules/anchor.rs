//! Where in a match the keywords of its rule stand, read off the expression.
//!
//! A rule may be skipped where none of its keywords occurs, but the expression says more: for
//! `[\w.-]{0,50}?(?:adafruit)…` every match holds `adafruit`, at most 50 bytes after its start. Then only starts in
//! `p - 50 ..= p` need a look for a keyword at `p`; and only if what follows the prefix, the *tail*, matches right
//! at the keyword, which most often fails after a few bytes.
//!
//! The proof is by structure: of a concatenation one run of parts, of an alternation every branch must consist of
//! texts that hold a keyword. Where that fails, the rule is run on all of its keywords' surroundings.

use std::sync::OnceLock;

use regex_syntax::hir::{Class, ClassBytesRange, Hir, HirKind, Repetition};

use super::compile::Expression;
use crate::KEYWORD_REACH;

/// The most texts that a part of an expression is spelled out into.
const MOST_TEXTS: usize = 64;
/// The largest class that is spelled out, in bytes; more than a letter in both cases or a few digits are rarely part of
/// a keyword.
const LARGEST_CLASS: usize = 8;
/// The most branches that the alternations of an expression are spelled out into.
const MOST_BRANCHES: usize = 32;
/// How many places of a tail are tried for one keyword.
const MOST_TAIL_STARTS: usize = 4;

/// How the matches of a rule are found from its keywords.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Every match holds a keyword as one of these says.
    Anchored(Vec<Anchor>),
    /// Matches may hold no keyword: all starts near one are tried.
    Near,
    /// There is no keyword: all starts are tried.
    Everywhere,
}

/// One branch of an expression: where its keywords stand and what follows.
#[derive(Debug)]
pub(crate) struct Anchor {
    pub(crate) uses: Vec<Use>,
    /// Which branches of alternations were taken, each with the index of the alternation.
    branches: Vec<(usize, usize)>,
    /// The part where the tail begins, if a keyword has few places in it.
    tail_part: Option<usize>,
    tail: OnceLock<Option<Expression>>,
}

/// A keyword inside of a match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    /// Index into the rule's keywords.
    pub(crate) keyword: usize,
    /// Distance from the start of the match.
    pub(crate) from_start: Distance,
    /// Distance from the start of the tail.
    pub(crate) from_tail: Distance,
}

/// A smallest and a largest number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Distance {
    pub(crate) least: usize,
    pub(crate) most: usize,
}

/// Keywords, by their index, and how far from the start of something they stand.
type Uses = Vec<(usize, Distance)>;

impl Distance {
    fn plus(self, other: Self) -> Self {
        Self {
            least: self.least.saturating_add(other.least),
            most: self.most.saturating_add(other.most),
        }
    }
}

impl Plan {
    pub(crate) fn new(hir: &Hir, keywords: &[Vec<u8>]) -> Self {
        if keywords.is_empty() {
            return Self::Everywhere;
        }
        let mut parts = Vec::new();
        flatten(hir, &mut parts);
        match anchors(&parts, keywords, &[], MOST_BRANCHES) {
            Some(anchors) if anchors.iter().all(Anchor::is_in_reach) => Self::Anchored(anchors),
            _ => Self::Near,
        }
    }
}

impl Anchor {
    fn is_in_reach(&self) -> bool {
        self.uses
            .iter()
            .all(|found| found.from_start.most <= KEYWORD_REACH)
    }

    /// What matches from the keyword's part on, if there is a match at all; `hir` is the whole expression.
    pub(crate) fn tail(&self, hir: &Hir) -> Option<&Expression> {
        let first = self.tail_part?;
        self.tail
            .get_or_init(|| {
                let mut parts = Vec::new();
                flatten(hir, &mut parts);
                for (index, branch) in &self.branches {
                    parts = spelled(&parts, *index, *branch)?;
                }
                let parts = parts.get(first..)?.iter().map(|part| without_groups(part));
                Some(Expression::of(Hir::concat(parts.collect())))
            })
            .as_ref()
    }
}

/// One anchor if the concatenation has one, else those of the branches of its first alternation that give all of them.
///
/// Branches that begin alike come from the parser as `AT(?:LASSIAN=…|ATT3…)`, with keywords across the seam.
fn anchors(
    parts: &[&Hir],
    keywords: &[Vec<u8>],
    taken: &[(usize, usize)],
    most: usize,
) -> Option<Vec<Anchor>> {
    if let Some(anchor) = anchor(parts, keywords, taken) {
        return Some(vec![anchor]);
    }
    parts.iter().enumerate().find_map(|(index, part)| {
        let HirKind::Alternation(branches) = part.kind() else {
            return None;
        };
        let most = most.checked_div(branches.len()).filter(|most| *most > 0)?;
        let mut all = Vec::new();
        for branch in 0..branches.len() {
            let taken = [taken, &[(index, branch)]].concat();
            all.extend(anchors(
                &spelled(parts, index, branch)?,
                keywords,
                &taken,
                most,
            )?);
        }
        Some(all)
    })
}

/// The parts with one branch in the place of an alternation.
fn spelled<'a>(parts: &[&'a Hir], index: usize, branch: usize) -> Option<Vec<&'a Hir>> {
    let HirKind::Alternation(branches) = parts.get(index)?.kind() else {
        return None;
    };
    let mut all = parts[..index].to_vec();
    flatten(branches.get(branch)?, &mut all);
    all.extend(&parts[index + 1..]);
    Some(all)
}

fn anchor(parts: &[&Hir], keywords: &[Vec<u8>], taken: &[(usize, usize)]) -> Option<Anchor> {
    let (index, uses) = split(parts, keywords)?;
    let before = parts[..index]
        .iter()
        .map(|part| length(part))
        .fold(Distance::default(), Distance::plus);
    let uses: Vec<Use> = uses
        .into_iter()
        .map(|(keyword, from_tail)| Use {
            keyword,
            from_start: before.plus(from_tail),
            from_tail,
        })
        .collect();
    let steady = uses
        .iter()
        .all(|found| found.from_tail.most - found.from_tail.least < MOST_TAIL_STARTS);
    Some(Anchor {
        uses,
        branches: taken.to_vec(),
        tail_part: steady.then_some(index),
        tail: OnceLock::new(),
    })
}

/// Adds the parts of a concatenation, of the groups in it, too.
fn flatten<'a>(hir: &'a Hir, parts: &mut Vec<&'a Hir>) {
    match hir.kind() {
        HirKind::Capture(capture) => flatten(&capture.sub, parts),
        HirKind::Concat(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        _ => parts.push(hir),
    }
}

/// The expression without groups, which a mere test needs not.
fn without_groups(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Capture(capture) => without_groups(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(without_groups).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(without_groups).collect()),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(without_groups(&repetition.sub)),
            ..repetition.clone()
        }),
        _ => hir.clone(),
    }
}

fn length(hir: &Hir) -> Distance {
    let properties = hir.properties();
    Distance {
        least: properties.minimum_len().unwrap_or(0),
        most: properties.maximum_len().unwrap_or(usize::MAX),
    }
}

/// The part from which on every match holds a keyword, and which at what distance from there; of several the one
/// whose shortest keyword is longest, because longer ones are rarer.
fn split(parts: &[&Hir], keywords: &[Vec<u8>]) -> Option<(usize, Uses)> {
    let mut best: Option<(usize, (usize, Uses))> = None;
    let mut index = 0;
    while index < parts.len() {
        let (found, next) = match run(&parts[index..]) {
            Some((texts, length)) => (in_texts(&texts, keywords), index + length),
            None => (inside(parts[index], keywords), index + 1),
        };
        if let Some(uses) = found {
            let rarity = uses
                .iter()
                .map(|(keyword, _)| keywords[*keyword].len())
                .min()
                .unwrap_or(0);
            if best.as_ref().is_none_or(|(least, _)| rarity > *least) {
                best = Some((rarity, (index, uses)));
            }
        }
        index = next;
    }
    best.map(|(_, found)| found)
}

fn inside(hir: &Hir, keywords: &[Vec<u8>]) -> Option<Uses> {
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.min > 0 => inside(&repetition.sub, keywords),
        HirKind::Alternation(branches) => {
            let mut all = Uses::new();
            for branch in branches {
                for found in inside(branch, keywords)? {
                    if !all.contains(&found) {
                        all.push(found);
                    }
                }
            }
            Some(all)
        }
        HirKind::Literal(_) | HirKind::Class(_) => in_texts(&texts(hir)?, keywords),
        HirKind::Concat(_) | HirKind::Capture(_) => {
            let mut parts = Vec::new();
            flatten(hir, &mut parts);
            let (index, uses) = split(&parts, keywords)?;
            let before = parts[..index]
                .iter()
                .map(|part| length(part))
                .fold(Distance::default(), Distance::plus);
            Some(
                uses.into_iter()
                    .map(|(keyword, distance)| (keyword, before.plus(distance)))
                    .collect(),
            )
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// For each text the longest keyword in it; none if a text has none.
fn in_texts(texts: &[Vec<u8>], keywords: &[Vec<u8>]) -> Option<Uses> {
    let mut uses = Uses::new();
    for text in texts {
        let (keyword, at) = keywords
            .iter()
            .enumerate()
            .filter_map(|(index, keyword)| Some((index, memchr::memmem::find(text, keyword)?)))
            .max_by_key(|(index, _)| keywords[*index].len())?;
        match uses.iter_mut().find(|(other, _)| *other == keyword) {
            Some((_, distance)) => {
                *distance = Distance {
                    least: distance.least.min(at),
                    most: distance.most.max(at),
                };
            }
            None => uses.push((
                keyword,
                Distance {
                    least: at,
                    most: at,
                },
            )),
        }
    }
    Some(uses)
}

/// All texts of the longest run of parts from the first on that has few, and how many parts need not be tried again.
fn run(parts: &[&Hir]) -> Option<(Vec<Vec<u8>>, usize)> {
    let mut all = texts(parts.first()?)?;
    for (index, part) in parts.iter().enumerate().skip(1) {
        let Some(ends) = texts(part) else {
            return Some((all, index));
        };
        match product(&all, &ends) {
            Some(longer) => all = longer,
            None => return Some((all, 1)),
        }
    }
    Some((all, parts.len()))
}

fn product(starts: &[Vec<u8>], ends: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if starts.len() * ends.len() > MOST_TEXTS {
        return None;
    }
    Some(
        starts
            .iter()
            .flat_map(|start| ends.iter().map(|end| [start.as_slice(), end].concat()))
            .collect(),
    )
}

/// All texts that match, in lower case, if they are few.
fn texts(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut all = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![Vec::new()],
        HirKind::Literal(literal) => vec![literal.0.to_ascii_lowercase()],
        HirKind::Class(Class::Bytes(class)) => {
            let size = |range: &ClassBytesRange| usize::from(range.end() - range.start()) + 1;
            if class.ranges().iter().map(size).sum::<usize>() > LARGEST_CLASS {
                return None;
            }
            let bytes = class
                .ranges()
                .iter()
                .flat_map(|range| range.start()..=range.end());
            bytes.map(|byte| vec![byte.to_ascii_lowercase()]).collect()
        }
        HirKind::Class(Class::Unicode(_)) => return None,
        HirKind::Capture(capture) => texts(&capture.sub)?,
        HirKind::Concat(parts) => {
            let mut all = vec![Vec::new()];
            for part in parts {
                all = product(&all, &texts(part)?)?;
            }
            all
        }
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(texts(branch)?);
            }
            all
        }
        HirKind::Repetition(repetition) => {
            let most = repetition.max.filter(|most| *most <= 4)?;
            let one = texts(&repetition.sub)?;
            let (mut all, mut power) = (Vec::new(), vec![Vec::new()]);
            for times in 0..=most {
                if times >= repetition.min {
                    all.extend(power.iter().cloned());
                }
                if times < most {
                    power = product(&power, &one)?;
                }
            }
            all
        }
    };
    all.sort_unstable();
    all.dedup();
    (all.len() <= MOST_TEXTS).then_some(all)
}

#[cfg(test)]
mod tests;
