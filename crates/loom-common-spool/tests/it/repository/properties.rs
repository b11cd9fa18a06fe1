//! What holds whatever is done, in whichever order.

use std::collections::BTreeSet;

use loom_common_spool::repository::{
    KnotId, Location, NewStitch, OperationId, PinTarget, Ply, PlyDescription, Repository,
    RepositoryError, Rethread, RethreadWhat, Selection, Side, Snip, Transaction,
};
use proptest::prelude::*;

use super::scene::Scene;

/// Something that a person does. The numbers pick stitches.
#[derive(Debug, Clone)]
enum Doing {
    Write(u8, u8),
    New(usize, usize),
    Describe(usize),
    Edit(usize),
    Snip(usize),
    Ply(usize, usize),
    Rethread(usize, usize),
    Pin(usize),
    Unpick,
}

fn doing() -> impl Strategy<Value = Doing> {
    let at = 0_usize..8;
    prop_oneof![
        3 => (0_u8..3, any::<u8>()).prop_map(|(file, content)| Doing::Write(file, content)),
        3 => (at.clone(), at.clone()).prop_map(|(one, two)| Doing::New(one, two)),
        1 => at.clone().prop_map(Doing::Describe),
        1 => at.clone().prop_map(Doing::Edit),
        1 => at.clone().prop_map(Doing::Snip),
        1 => (at.clone(), at.clone()).prop_map(|(from, into)| Doing::Ply(from, into)),
        2 => (at.clone(), at.clone()).prop_map(|(what, to)| Doing::Rethread(what, to)),
        1 => at.prop_map(Doing::Pin),
        1 => Just(Doing::Unpick),
    ]
}

fn apply(tx: &mut Transaction<'_>, all: &[KnotId], what: &Doing) -> Result<(), RepositoryError> {
    let pick = |index: usize| all[index % all.len()].clone();
    match what {
        Doing::Write(..) => Ok(()),
        Doing::New(one, two) => {
            let mut parents = vec![pick(*one), pick(*two)];
            parents.dedup();
            tx.stitch(&NewStitch::onto(parents)).map(drop)
        }
        Doing::Describe(at) => tx.describe(&[pick(*at)], &format!("described {at}")),
        Doing::Edit(at) => tx.edit(&pick(*at)),
        Doing::Snip(at) => {
            let knots = vec![pick(*at)];
            tx.snip(&Snip {
                knots,
                ..Snip::default()
            })
            .map(drop)
        }
        Doing::Ply(from, into) => tx
            .ply(Ply {
                from: vec![pick(*from)],
                into: pick(*into),
                selection: Selection::all(),
                description: PlyDescription::Combined,
                keep_emptied: false,
            })
            .map(drop),
        Doing::Rethread(what, to) => {
            let what = RethreadWhat::Sources(vec![pick(*what)]);
            tx.rethread(&Rethread::new(what, Location::Onto(vec![pick(*to)])))
                .map(drop)
        }
        Doing::Pin(at) => tx.set_pin_target("pin", &PinTarget::at(pick(*at))),
        Doing::Unpick => tx.unpick().map(drop),
    }
}

/// All that a state consists of.
fn state(repository: &Repository) -> (BTreeSet<KnotId>, Option<KnotId>, String) {
    let all = repository.resolve("all()").unwrap().into_iter().collect();
    let pins = format!("{:?}", repository.pins());
    (all, repository.shuttle(), pins)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 6,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_stitch_is_ever_lost_and_each_state_can_be_gone_back_to(
        doings in proptest::collection::vec(doing(), 1..9),
    ) {
        let scene = Scene::colocated();
        let mut seen: Vec<(OperationId, _)> = Vec::new();
        for doing in &doings {
            if let Doing::Write(file, content) = doing {
                scene.write(&format!("{file}.txt"), format!("{content}\n"));
            }
            let mut repository = scene.taken();
            seen.push((repository.operation(), state(&repository)));
            let all = repository.resolve("all()").unwrap();
            let mut tx = repository.transaction().unwrap();
            // What may not be is refused, and leaves everything as it was.
            if apply(&mut tx, &all, doing).is_ok() {
                tx.finish().unwrap();
            } else {
                drop(tx);
                prop_assert_eq!(&state(&scene.open()), &seen.last().unwrap().1);
            }
            let repository = scene.open();
            seen.push((repository.operation(), state(&repository)));
            // Git agrees on where the shuttle is.
            let parents = repository.resolve("@- & ~root()").unwrap();
            if let [parent] = parents.as_slice() {
                prop_assert_eq!(scene.git(&["rev-parse", "HEAD"]), parent.to_string());
            }
        }
        for (operation, was) in seen.iter().step_by(3) {
            let operation = operation.to_string();
            let past =
                Repository::open_at(&scene.root(), &operation, scene.surroundings()).unwrap();
            prop_assert_eq!(&state(&past), was);
            // Every stitch can still be read, with its files.
            for knot in &was.0 {
                let side = Side::Of(knot.clone());
                past.list_files(&side, &[]).unwrap();
            }
        }
        let (operation, was) = &seen[seen.len() / 2];
        let operation = operation.to_string();
        scene.change(|tx| tx.restore_operation(&operation));
        prop_assert_eq!(&state(&scene.open()), was);
    }
}
