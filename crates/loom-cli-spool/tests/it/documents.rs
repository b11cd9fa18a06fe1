//! What `--json` prints.

use serde_json::{Value, json};

use crate::scene::Scene;

/// Asserts that documents are what the schema says of a command's.
#[track_caller]
fn assert_valid(scene: &Scene, command: &str, documents: &[Value]) {
    let schema = scene.spool("schema").ok().stdout;
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    schema["required"] = json!([]);
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!documents.is_empty());
    for document in documents {
        let wrapped = json!({command: document});
        let errors: Vec<_> = validator
            .iter_errors(&wrapped)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [] as [String; 0], "{document:#}");
        assert!(schema["properties"][command].is_object(), "{command}");
    }
}

#[test]
fn every_command_prints_documents_of_the_schema() {
    let scene = Scene::new();
    let mut all = Vec::new();
    let mut check = |line: &str, command: &str| {
        let documents = scene.json(line);
        assert_valid(&scene, command, &documents);
        all.extend(
            documents
                .into_iter()
                .map(|document| json!({line: document})),
        );
    };
    check("wind", "wind");
    scene.write("a", "one\ntwo\n").write("b", "\0");
    check("knot -m One", "change");
    check("pin create main -r @-", "change");
    scene.write("a", "one\n2\nthree\n");
    check("tension", "tension");
    check("compare", "compare");
    check("trace -r '::'", "trace");
    check("show @-", "show");
    check("pin list", "pin_list");
    check("stitch --no-edit -m aside", "change");
    check("duplicate @-", "change");
    check("mark -m x", "change");
    check("snip", "change");
    check("unpick", "change");
    check("tension-log -n 2", "tension_log");
    check("tension-log show @", "tension_log_show");
    let home = scene.home().display().to_string();
    insta::assert_snapshot!(
        serde_json::to_string_pretty(&all)
            .unwrap()
            .replace(&home, "~")
    );
}

#[test]
fn tangles_print_documents_too() {
    let scene = Scene::wound();
    scene.write("a", "1\n").spool("knot -m Base").ok();
    scene.write("a", "2\n").spool("knot -m Left").ok();
    scene.spool("stitch 'subject(Base)'").ok();
    scene.write("a", "3\n").spool("mark -m Right").ok();
    let outcome = scene.json("rethread -o 'subject(Left)'");
    assert_valid(&scene, "change", &outcome);
    assert_eq!(outcome[0]["tangled"].as_array().unwrap().len(), 1);
    let listed = scene.json("untangle --list");
    assert_valid(&scene, "untangle_list", &listed);
    assert_eq!(
        listed,
        [json!({"path": "a", "sides": 2, "deletions": 0, "difficult": false})]
    );
    assert_valid(&scene, "tension", &scene.json("tension"));
}
