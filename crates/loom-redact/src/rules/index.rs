//! From keywords to the rules that have them.

use std::collections::HashMap;

use super::anchor::{Distance, Plan};
use super::compile::Expression;
use super::{Rule, RuleSet};
use crate::grams::Grams;

/// The longest keyword that a rule may have, in bytes.
pub(crate) const LONGEST_KEYWORD: usize = 128;

/// The keywords of all rules, each once.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) grams: Grams,
    /// For each keyword the rules to be asked when it occurs.
    pub(crate) users: Vec<Vec<User>>,
    /// The rules to be asked for every place.
    pub(crate) everywhere: Vec<usize>,
}

/// A rule that is asked when a keyword occurs.
#[derive(Debug)]
pub(crate) enum User {
    /// The keyword stands in the match.
    Anchored {
        /// The rule, by its index.
        rule: usize,
        /// The branch of its expression.
        anchor: usize,
        /// How far before the keyword the match starts.
        at_start: Distance,
        /// How far before the keyword the branch's tail starts.
        at_tail: Distance,
    },
    /// The keyword stands near the match.
    Near {
        /// The rule, by its index.
        rule: usize,
    },
}

impl Index {
    pub(crate) fn new(rules: &[Rule]) -> Self {
        let mut keywords: Vec<Vec<u8>> = Vec::new();
        let mut users: Vec<Vec<User>> = Vec::new();
        let mut everywhere = Vec::new();
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        let mut add = |keyword: &[u8], user: User| {
            let index = *known.entry(keyword.to_vec()).or_insert_with(|| {
                keywords.push(keyword.to_vec());
                users.push(Vec::new());
                keywords.len() - 1
            });
            users[index].push(user);
        };
        for (rule, of) in rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| rule.regex.is_some())
        {
            match &of.plan {
                Plan::Everywhere => everywhere.push(rule),
                Plan::Near => of
                    .keywords
                    .iter()
                    .for_each(|keyword| add(keyword, User::Near { rule })),
                Plan::Anchored(anchors) => {
                    for (anchor, found) in anchors.iter().enumerate() {
                        for found in &found.uses {
                            let user = User::Anchored {
                                rule,
                                anchor,
                                at_start: found.from_start,
                                at_tail: found.from_tail,
                            };
                            add(&of.keywords[found.keyword], user);
                        }
                    }
                }
            }
        }
        Self {
            grams: Grams::new(keywords),
            users,
            everywhere,
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl RuleSet {
    /// What must match from a keyword on in a branch of a rule that is anchored at it.
    pub(crate) fn tail(&self, rule: usize, anchor: usize) -> Option<&Expression> {
        let rule = &self.rules[rule];
        match &rule.plan {
            Plan::Anchored(anchors) => anchors.get(anchor)?.tail(rule.regex.as_ref()?.hir()),
            Plan::Near | Plan::Everywhere => None,
        }
    }
}
