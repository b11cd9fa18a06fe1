//! The tool `edit_notebook`.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::scratch::Scratch;

const NOTEBOOK: &str = r#"{
 "cells": [
  {
   "cell_type": "code",
   "execution_count": 1,
   "id": "first",
   "metadata": {},
   "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1\n"]}],
   "source": ["print(1)"]
  }
 ],
 "metadata": {},
 "nbformat": 4,
 "nbformat_minor": 5
}
"#;

async fn with_notebook() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("a.ipynb", NOTEBOOK);
    scratch
        .text("read_file", json!({"file_path": "a.ipynb"}))
        .await;
    scratch
}

fn edit(arguments: Value) -> Value {
    let mut all = json!({"notebook_path": "a.ipynb"});
    let members = arguments.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(members);
    all
}

#[tokio::test]
async fn a_notebook_is_read_as_its_cells() {
    let scratch = with_notebook().await;
    assert_snapshot!(scratch.text("read_file", json!({"file_path": "a.ipynb"})).await, @r#"
         1	(a notebook of 1 cell; change its cells with edit_notebook)
         2	<cell number="0" id="first" type="code">
         3	print(1)
         4	</cell>
         5	<output>
         6	1
         7	</output>
    "#);
    // What only has the name is text.
    scratch.write("b.ipynb", "not json\n");
    assert_eq!(
        scratch
            .text("read_file", json!({"file_path": "b.ipynb"}))
            .await,
        "     1\tnot json"
    );
}

#[tokio::test]
async fn a_cell_is_replaced() {
    let scratch = with_notebook().await;
    assert_snapshot!(
        scratch
            .text(
                "edit_notebook",
                edit(json!({"cell_id": "first", "new_source": "print(2)"}))
            )
            .await
    );
    let again = edit(json!({"cell_id": 0, "new_source": "x"}));
    let told = scratch.failure("edit_notebook", again).await;
    assert!(told.contains("`cell_id` must be a string"), "{told}");
}

#[tokio::test]
async fn cells_are_inserted_and_deleted() {
    let scratch = with_notebook().await;
    let insert = json!({"edit_mode": "insert", "cell_id": "first", "cell_type": "markdown", "new_source": "Hi"});
    let told = scratch.text("edit_notebook", edit(insert)).await;
    assert!(
        told.starts_with("In a.ipynb: inserted cell 1 (id "),
        "{told}"
    );
    let delete = json!({"edit_mode": "delete", "cell_id": "1"});
    scratch.text("edit_notebook", edit(delete)).await;
    assert_eq!(scratch.read("a.ipynb"), NOTEBOOK);
}

#[tokio::test]
async fn what_does_not_fit_changes_nothing() {
    let scratch = with_notebook().await;
    scratch.write("unread.ipynb", NOTEBOOK);
    scratch.write("broken.ipynb", "{");
    scratch
        .text("read_file", json!({"file_path": "broken.ipynb"}))
        .await;
    let calls = [
        edit(json!({})),
        edit(json!({"cell_id": "first"})),
        edit(json!({"edit_mode": "insert"})),
        edit(json!({"edit_mode": "delete"})),
        edit(json!({"edit_mode": "move"})),
        edit(json!({"edit_mode": "delete", "cell_id": "second"})),
        json!({"notebook_path": "unread.ipynb", "edit_mode": "delete", "cell_id": "0"}),
        json!({"notebook_path": "broken.ipynb", "edit_mode": "delete", "cell_id": "0"}),
        json!({"notebook_path": "missing.ipynb", "edit_mode": "delete", "cell_id": "0"}),
    ];
    let mut told = Vec::new();
    for call in calls {
        told.push(scratch.failure("edit_notebook", call).await);
    }
    assert_snapshot!(told.join("\n"));
    assert_eq!(scratch.read("a.ipynb"), NOTEBOOK);
    assert_eq!(scratch.read("unread.ipynb"), NOTEBOOK);
}
