//! Documents that were begun anew, and ones that contradict each other.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use tempfile::TempDir;

use super::super::{LedgerFolder, LockedLedger};
use super::convergence::{Step, edited, step};
use super::*;

/// A clone, whose ledger is on a disk of its own.
struct Clone {
    _folder: TempDir,
    ledger: LockedLedger,
    actors: Box<dyn FnMut() -> Actor>,
}

fn clone(number: u8) -> Clone {
    let folder = TempDir::new().unwrap();
    let mut next = 0;
    let mut actors = Box::new(move || {
        next += 1;
        let mut actor = actor(number);
        actor[0] = next;
        actor
    });
    let path = folder.path().join("ledger");
    let ledger = LedgerFolder::new(path, Duration::ZERO)
        .lock(&mut *actors)
        .unwrap();
    Clone {
        _folder: folder,
        ledger,
        actors,
    }
}

impl Clone {
    /// Exchanges with a remote, as one who wins every race.
    fn exchange(&mut self, name: &str, remote: &mut Option<Vec<u8>>) {
        if let Some(bytes) = remote {
            self.ledger.receive(name, bytes, &mut *self.actors).unwrap();
        }
        let bytes = self.ledger.offer().unwrap();
        let mark = self.ledger.document().mark();
        self.ledger.set_shared(name, mark);
        *remote = Some(bytes);
    }

    /// Takes in what a remote has, and sends nothing.
    fn draw(&mut self, name: &str, remote: Option<&Vec<u8>>) {
        if let Some(bytes) = remote {
            let theirs = self.ledger.receive(name, bytes, &mut *self.actors).unwrap();
            self.ledger.set_shared(name, theirs);
        }
    }

    fn begin_anew(&mut self) {
        let anew = self.ledger.document().begun_anew((self.actors)()).unwrap();
        *self.ledger.document_mut() = anew;
    }
}

#[test]
fn a_document_begun_anew_says_the_same_in_less() {
    let mut document = document(1);
    for number in 0..300 {
        move_pin(&mut document, "main", Some(commit(number)));
    }
    describe(&mut document, &stitch(1), "Add a parser");
    document.tag(&stitch(1), "reviewed").unwrap();
    let anew = document.begun_anew(actor(2)).unwrap();
    assert_eq!(anew.view(), document.view());
    assert!(anew.lineage() > document.lineage());
    let (before, after) = (
        document.encode().unwrap().len(),
        anew.encode().unwrap().len(),
    );
    assert!(after * 4 < before, "{before} {after}");
}

#[test]
fn what_was_done_while_another_began_anew_is_carried_over() {
    let (mut one, mut other) = (clone(1), clone(2));
    let mut remote = None;
    move_pin(one.ledger.document_mut(), "main", Some(commit(1)));
    one.ledger.document_mut().tag(&stitch(1), "old").unwrap();
    describe(one.ledger.document_mut(), &stitch(1), "Add a parser");
    one.exchange("origin", &mut remote);
    other.exchange("origin", &mut remote);

    move_pin(one.ledger.document_mut(), "main", Some(commit(2)));
    describe(one.ledger.document_mut(), &stitch(1), "Add a fast parser");
    one.begin_anew();
    one.exchange("origin", &mut remote);
    move_pin(other.ledger.document_mut(), "main", Some(commit(3)));
    describe(
        other.ledger.document_mut(),
        &stitch(1),
        "Add a parser of dates",
    );
    other
        .ledger
        .document_mut()
        .untag(&stitch(1), "old")
        .unwrap();
    other.exchange("origin", &mut remote);
    one.exchange("origin", &mut remote);

    let view = one.ledger.document().view();
    assert_eq!(view, other.ledger.document().view());
    assert_eq!(view.pins, pins(&[("main", at(&[2, 3]))]));
    assert_eq!(view.tags, BTreeMap::new());
    assert_eq!(
        view.descriptions,
        BTreeMap::from([(stitch(1), "Add a fast parser of dates".to_owned())])
    );
}

#[test]
fn a_remote_that_was_only_drawn_from_does_not_have_what_was_done_here() {
    let (mut one, mut other) = (clone(1), clone(2));
    let mut remote = None;
    move_pin(one.ledger.document_mut(), "main", Some(commit(1)));
    one.exchange("origin", &mut remote);
    move_pin(other.ledger.document_mut(), "topic", Some(commit(2)));
    other.draw("origin", remote.as_ref());
    one.begin_anew();
    one.exchange("origin", &mut remote);
    other.exchange("origin", &mut remote);
    assert_eq!(
        other.ledger.document().view().pins,
        pins(&[("main", at(&[1])), ("topic", at(&[2]))])
    );
}

#[test]
fn a_disk_that_was_set_back_loses_nothing_that_was_done_on_it_since() {
    let mut one = clone(1);
    let mut remote = None;
    move_pin(one.ledger.document_mut(), "main", Some(commit(1)));
    one.exchange("origin", &mut remote);
    let before = one.ledger.document().clone();
    move_pin(one.ledger.document_mut(), "main", Some(commit(2)));
    one.exchange("origin", &mut remote);

    // The disk is as it was, with the actor and its numbers, and works on.
    *one.ledger.document_mut() = before;
    let mark = one.ledger.document().mark();
    one.ledger.set_shared("origin", mark);
    move_pin(one.ledger.document_mut(), "topic", Some(commit(3)));
    move_pin(one.ledger.document_mut(), "main", Some(commit(4)));
    one.exchange("origin", &mut remote);
    assert_eq!(
        one.ledger.document().view().pins,
        pins(&[("main", at(&[2, 4])), ("topic", at(&[3]))])
    );
    // Now it has another actor, and goes on as any.
    move_pin(one.ledger.document_mut(), "main", Some(commit(5)));
    one.exchange("origin", &mut remote);
    assert_eq!(
        one.ledger.document().view().pins,
        pins(&[("main", at(&[5])), ("topic", at(&[3]))])
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Two remotes, and anybody begins anew at any time.
    #[test]
    fn clones_that_exchange_over_remotes_agree_and_lose_no_move(
        steps in vec((step(), 0..2_usize, prop::bool::weighted(0.1)), 1..40),
    ) {
        let mut clones: Vec<_> = (1..=4).map(clone).collect();
        let mut remotes = [None, None];
        let names = ["origin", "backup"];
        // The last move on each clone is known by others only after an exchange.
        let mut last: BTreeMap<(String, usize), u32> = BTreeMap::new();
        for (number, (step, remote, begins_anew)) in (1_u32..).zip(steps) {
            match step {
                Step::Move { machine, pin, .. } => {
                    let pin = format!("pin{pin}");
                    move_pin(clones[machine].ledger.document_mut(), &pin, Some(commit(number)));
                    last.insert((pin, machine), number);
                }
                Step::Tag { machine, stitch: of, tag } => {
                    let tag = format!("tag{tag}");
                    clones[machine].ledger.document_mut().tag(&stitch(of), &tag).unwrap();
                }
                Step::Describe { machine, stitch: of, at, .. } => {
                    let document = clones[machine].ledger.document_mut();
                    let text = document.description(&stitch(of)).unwrap_or_default();
                    describe(document, &stitch(of), &edited(&text, at, 0, &format!("<{number}>")));
                }
                Step::DeliverLate { to, .. } => {
                    clones[to].draw(names[remote], remotes[remote].as_ref());
                }
                Step::Deliver { to, .. } => {
                    clones[to].exchange(names[remote], &mut remotes[remote]);
                    // Who met others may have their moves, and moves on from there.
                    last.retain(|(_, machine), _| *machine != to);
                }
                Step::Untag { .. } => {}
            }
            if begins_anew {
                clones[number as usize % 4].begin_anew();
            }
        }
        for _ in 0..3 {
            for clone in &mut clones {
                for remote in 0..2 {
                    clone.exchange(names[remote], &mut remotes[remote]);
                }
            }
        }
        let views: Vec<_> = clones.iter().map(|clone| clone.ledger.document().view()).collect();
        for view in &views {
            prop_assert_eq!(view, &views[0]);
        }
        // Nobody can have seen these.
        for ((pin, _), number) in last {
            prop_assert!(views[0].pins[&pin].contains(&Some(commit(number))));
        }
    }
}
