//! Pins and tags, against a model that says which values have not been taken away by somebody who
//! saw them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::standing;
use super::*;

#[test]
fn moves_that_do_not_know_of_each_other_all_stay_until_one_knows_them() {
    let (mut one, mut other) = (document(1), document(2));
    move_pin(&mut one, "main", Some(commit(1)));
    meet(&mut one, &mut other);
    move_pin(&mut one, "main", Some(commit(2)));
    move_pin(&mut other, "main", None);
    meet(&mut one, &mut other);
    let tangle = BTreeSet::from([Some(commit(2)), None]);
    assert_eq!(one.view().pins, pins(&[("main", tangle)]));

    move_pin(&mut other, "main", Some(commit(3)));
    meet(&mut one, &mut other);
    assert_eq!(one.view().pins, pins(&[("main", at(&[3]))]));
}

#[test]
fn a_move_takes_away_only_what_its_maker_saw() {
    let (mut one, mut other) = (document(1), document(2));
    move_pin(&mut one, "main", Some(commit(1)));
    move_pin(&mut other, "main", Some(commit(2)));
    meet(&mut one, &mut other);
    one.move_pin("main", &at(&[1]), Some(commit(3))).unwrap();
    meet(&mut one, &mut other);
    assert_eq!(one.view().pins, pins(&[("main", at(&[2, 3]))]));
}

#[test]
fn a_value_that_is_an_ancestor_of_another_is_no_end_of_a_tangle() {
    let is_ancestor = |one: &CommitId, other: &CommitId| one == &commit(1) && other == &commit(2);
    assert_eq!(standing(&at(&[1, 2, 3]), is_ancestor), at(&[2, 3]));
    let mut deleted = at(&[1, 2]);
    deleted.insert(None);
    let left = standing(&deleted, is_ancestor);
    assert_eq!(left, BTreeSet::from([None, Some(commit(2))]));
}

#[test]
fn names_that_no_pin_and_no_tag_can_have_are_refused() {
    let mut document = document(1);
    let long = "x".repeat(257);
    for name in ["", "a\nb", long.as_str()] {
        let known = BTreeSet::new();
        document.move_pin(name, &known, None).unwrap_err();
        document.tag(&stitch(1), name).unwrap_err();
    }
    document.tag(&stitch(1), "two words").unwrap_err();
    assert_eq!(document.view(), super::super::LedgerView::default());
}

/// What a machine does, or two of them.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Move {
        machine: usize,
        pin: u8,
        deletes: bool,
    },
    Tag {
        machine: usize,
        stitch: u8,
        tag: u8,
    },
    Untag {
        machine: usize,
        stitch: u8,
        tag: u8,
    },
    Describe {
        machine: usize,
        stitch: u8,
        at: usize,
        cut: usize,
    },
    /// One takes in what the other has.
    Deliver {
        from: usize,
        to: usize,
    },
    /// One takes in what the other had at an earlier moment.
    DeliverLate {
        from: usize,
        to: usize,
        moment: usize,
    },
}

pub(super) const MACHINES: usize = 4;

pub(super) fn step() -> impl Strategy<Value = Step> {
    let machine = 0..MACHINES;
    prop_oneof![
        3 => (machine.clone(), 0..2_u8, prop::bool::weighted(0.2))
            .prop_map(|(machine, pin, deletes)| Step::Move { machine, pin, deletes }),
        2 => (machine.clone(), 0..2_u8, 0..2_u8)
            .prop_map(|(machine, stitch, tag)| Step::Tag { machine, stitch, tag }),
        1 => (machine.clone(), 0..2_u8, 0..2_u8)
            .prop_map(|(machine, stitch, tag)| Step::Untag { machine, stitch, tag }),
        3 => (machine.clone(), 0..2_u8, 0..40_usize, 0..3_usize)
            .prop_map(|(machine, stitch, at, cut)| Step::Describe { machine, stitch, at, cut }),
        4 => (machine.clone(), machine.clone())
            .prop_map(|(from, to)| Step::Deliver { from, to }),
        1 => (machine.clone(), machine, 0..8_usize)
            .prop_map(|(from, to, moment)| Step::DeliverLate { from, to, moment }),
    ]
}

/// Each thing that was set, by a number of its own, and those that somebody who saw them took away.
#[derive(Clone, Debug, Default)]
struct Model {
    pins: BTreeMap<u32, (u8, PinValue)>,
    tags: BTreeMap<u32, (u8, u8)>,
    gone: BTreeSet<u32>,
}

impl Model {
    fn move_pin(&mut self, number: u32, pin: u8, value: PinValue) {
        let present = self.pins().remove(&format!("pin{pin}"));
        if present == Some(BTreeSet::from([value.clone()])) {
            return;
        }
        let seen = self.pins.iter().filter(|(_, (name, _))| *name == pin);
        self.gone.extend(seen.map(|(number, _)| *number));
        self.pins.insert(number, (pin, value));
    }

    fn tag(&mut self, number: u32, stitch: u8, tag: u8) {
        if !self.tags().contains(&(stitch, tag)) {
            self.tags.insert(number, (stitch, tag));
        }
    }

    fn untag(&mut self, stitch: u8, tag: u8) {
        let seen = self.tags.iter().filter(|(_, set)| **set == (stitch, tag));
        self.gone.extend(seen.map(|(number, _)| *number));
    }

    fn merge(&mut self, other: &Self) {
        self.pins.extend(other.pins.clone());
        self.tags.extend(other.tags.clone());
        self.gone.extend(&other.gone);
    }

    fn tags(&self) -> BTreeSet<(u8, u8)> {
        let left = self
            .tags
            .iter()
            .filter(|(number, _)| !self.gone.contains(number));
        left.map(|(_, set)| *set).collect()
    }

    fn pins(&self) -> BTreeMap<String, BTreeSet<PinValue>> {
        let mut pins: BTreeMap<String, BTreeSet<PinValue>> = BTreeMap::new();
        for (number, (pin, value)) in &self.pins {
            if !self.gone.contains(number) {
                pins.entry(format!("pin{pin}"))
                    .or_default()
                    .insert(value.clone());
            }
        }
        pins
    }
}

/// Letters that no other edit has, so that the edit can be found again.
fn letters(number: u32) -> String {
    (0..3)
        .filter_map(|letter| char::from_u32(0x4e00 + number * 3 + letter))
        .collect()
}

#[derive(Clone)]
struct Machine {
    document: Document,
    model: Model,
    past: Vec<(Document, Model)>,
}

impl Machine {
    fn check(&self) {
        let view = self.document.view();
        assert_eq!(view.pins, self.model.pins());
        let tags: BTreeSet<_> = view
            .tags
            .iter()
            .flat_map(|(stitch, tags)| tags.iter().map(move |tag| (stitch.clone(), tag.clone())))
            .collect();
        let expected = self.model.tags();
        let expected: BTreeSet<_> = expected
            .iter()
            .map(|(number, tag)| (stitch(*number), format!("tag{tag}")))
            .collect();
        assert_eq!(tags, expected);
    }

    fn receive(&mut self, document: &Document, model: &Model) {
        self.document.merge(document).unwrap();
        self.model.merge(model);
    }
}

/// Changes a text by taking some of it out and putting `new` there.
pub(super) fn edited(text: &str, at: usize, cut: usize, new: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let at = at.min(letters.len());
    let end = (at + cut).min(letters.len());
    let (before, after) = (letters[..at].iter(), letters[end..].iter());
    before
        .copied()
        .chain(new.chars())
        .chain(after.copied())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn machines_that_met_agree_and_lose_nothing(
        steps in vec(step(), 1..50),
        order in Just((0..MACHINES).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut machines: Vec<_> = (0..MACHINES)
            .map(|number| Machine {
                document: document(number as u8 + 1),
                model: Model::default(),
                past: Vec::new(),
            })
            .collect();
        for (number, step) in (1_u32..).zip(steps) {
            let changed = match step {
                Step::Move { machine, pin, deletes } => {
                    let value = (!deletes).then(|| commit(number));
                    move_pin(&mut machines[machine].document, &format!("pin{pin}"), value.clone());
                    machines[machine].model.move_pin(number, pin, value);
                    machine
                }
                Step::Tag { machine, stitch: of, tag } => {
                    machines[machine].document.tag(&stitch(of), &format!("tag{tag}")).unwrap();
                    machines[machine].model.tag(number, of, tag);
                    machine
                }
                Step::Untag { machine, stitch: of, tag } => {
                    machines[machine].document.untag(&stitch(of), &format!("tag{tag}")).unwrap();
                    machines[machine].model.untag(of, tag);
                    machine
                }
                Step::Describe { machine, stitch: of, at, cut } => {
                    let document = &mut machines[machine].document;
                    let text = document.description(&stitch(of)).unwrap_or_default();
                    describe(document, &stitch(of), &edited(&text, at, cut, &letters(number)));
                    machine
                }
                Step::Deliver { from, to } => {
                    let from = machines[from].clone();
                    machines[to].receive(&from.document, &from.model);
                    to
                }
                Step::DeliverLate { from, to, moment } => {
                    let past = machines[from].past.get(moment).cloned();
                    if let Some((document, model)) = past {
                        machines[to].receive(&document, &model);
                    }
                    to
                }
            };
            let machine = &mut machines[changed];
            machine.check();
            machine.past.push((machine.document.clone(), machine.model.clone()));
        }
        // Everybody meets, in any order, and once more.
        let mut whole = machines[order[0]].clone();
        for machine in order.iter().chain(&order) {
            let machine = machines[*machine].clone();
            whole.receive(&machine.document, &machine.model);
        }
        whole.check();
        for machine in &mut machines {
            machine.receive(&whole.document, &whole.model);
            prop_assert_eq!(machine.document.view(), whole.document.view());
        }
        // And what was written can be read.
        let read = Document::decode(&whole.document.encode().unwrap(), actor(9)).unwrap();
        prop_assert_eq!(read.view(), whole.document.view());
        prop_assert_eq!(read.mark(), whole.document.mark());
    }

    /// No edit that only adds is lost, whoever met whom.
    #[test]
    fn descriptions_keep_all_that_was_added(
        steps in vec(step(), 1..50),
        first in prop_oneof![Just(""), Just("Spin the wheel\n\nIt turns.\n")],
    ) {
        let mut documents: Vec<_> = (0..MACHINES).map(|number| document(number as u8 + 1)).collect();
        let mut added: BTreeMap<u8, Vec<String>> = BTreeMap::new();
        for (number, step) in (1_u32..).zip(steps) {
            match step {
                Step::Describe { machine, stitch: of, at, .. } => {
                    let known = documents[machine].description(&stitch(of));
                    let base = known.unwrap_or_else(|| first.to_owned());
                    let text = edited(&base, at, 0, &letters(number));
                    documents[machine].describe(&stitch(of), &base, &text).unwrap();
                    added.entry(of).or_default().push(letters(number));
                }
                Step::Deliver { from, to } => {
                    let from = documents[from].clone();
                    documents[to].merge(&from).unwrap();
                }
                _ => {}
            }
        }
        let mut whole = documents.remove(0);
        for document in &documents {
            whole.merge(document).unwrap();
        }
        for (of, added) in added {
            let text = whole.description(&stitch(of)).unwrap_or_default();
            for letters in added {
                let letters: BTreeSet<char> = letters.chars().collect();
                let found: BTreeSet<char> = text.chars().collect();
                prop_assert!(found.is_superset(&letters), "{text}");
            }
            // What all of them began with is there once.
            prop_assert_eq!(text.matches('.').count(), first.matches('.').count());
        }
    }
}
