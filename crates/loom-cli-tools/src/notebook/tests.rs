//! Notebooks as other programs write them, and changes of their cells.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// As Jupyter writes it: indented by one space, keys sorted.
const JUPYTER: &str = r##"{
 "cells": [
  {
   "cell_type": "markdown",
   "id": "intro",
   "metadata": {},
   "source": [
    "# Title\n",
    "\n",
    "Größe"
   ]
  },
  {
   "cell_type": "code",
   "execution_count": 3,
   "id": "calc",
   "metadata": {
    "tags": [
     "keep"
    ]
   },
   "outputs": [
    {
     "name": "stdout",
     "output_type": "stream",
     "text": [
      "\u001b[31m42\u001b[0m\n"
     ]
    },
    {
     "data": {
      "image/png": "iVBORw0KGgo=",
      "text/plain": [
       "<Figure>"
      ]
     },
     "metadata": {},
     "output_type": "display_data"
    },
    {
     "ename": "ValueError",
     "evalue": "no",
     "output_type": "error",
     "traceback": [
      "Traceback:",
      "ValueError: no"
     ]
    }
   ],
   "source": [
    "print(6 * 7)"
   ]
  }
 ],
 "metadata": {
  "b": 1e2,
  "a": 1.50
 },
 "nbformat": 4,
 "nbformat_minor": 5
}
"##;

/// On one line, cells without ids, sources as strings.
const COMPACT: &str = r#"{"nbformat":4,"nbformat_minor":2,"metadata":{},"cells":[{"cell_type":"code","source":"a = 1","metadata":{},"outputs":[{"output_type":"stream","name":"stdout","text":"x"}],"execution_count":1}]}"#;

fn changed(text: &str, change: &CellChange<'_>) -> String {
    let (changed, _) = Notebook::parse(text).unwrap().change(change).unwrap();
    changed
}

/// The lines by which a text differs from another.
fn difference(old: &str, new: &str) -> String {
    similar::TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(1)
        .to_string()
}

#[test]
fn cells_are_shown_with_ids_and_outputs() {
    assert_snapshot!(Notebook::parse(JUPYTER).unwrap().shown());
}

#[test]
fn a_replaced_cell_loses_its_outputs_and_all_else_stays() {
    let change = CellChange::Replace {
        cell: "calc",
        source: "import math\n\nprint(\"π\")\n",
        kind: None,
    };
    assert_snapshot!(difference(JUPYTER, &changed(JUPYTER, &change)));
}

#[test]
fn a_cell_can_become_one_of_another_type() {
    let to_code = CellChange::Replace {
        cell: "0",
        source: "x",
        kind: Some(CellType::Code),
    };
    let to_text = CellChange::Replace {
        cell: "cell-1",
        source: "",
        kind: Some(CellType::Markdown),
    };
    assert_snapshot!(difference(
        JUPYTER,
        &changed(&changed(JUPYTER, &to_code), &to_text)
    ));
}

#[test]
fn cells_are_inserted_before_between_and_after() {
    for after in [None, Some("intro"), Some("calc")] {
        let change = CellChange::Insert {
            after,
            source: "new",
            kind: CellType::Markdown,
        };
        let text = changed(JUPYTER, &change);
        let place = after.map_or(0, |after| if after == "intro" { 1 } else { 2 });
        let mut expected: Value = serde_json::from_str(JUPYTER).unwrap();
        let new: Value = serde_json::from_str(&text).unwrap();
        let id = new["cells"][place]["id"].clone();
        expected["cells"].as_array_mut().unwrap().insert(
            place,
            json!({"cell_type": "markdown", "id": id, "metadata": {}, "source": ["new"]}),
        );
        assert_eq!(new, expected);
        // Printed as Jupyter does, and nothing else was touched.
        let added = difference(JUPYTER, &text);
        assert!(!added.contains("\n-"), "{added}");
        let delete = CellChange::Delete {
            cell: id.as_str().unwrap(),
        };
        assert_eq!(changed(&text, &delete), JUPYTER);
    }
}

#[test]
fn the_layout_of_the_file_is_kept() {
    let replace = CellChange::Replace {
        cell: "0",
        source: "b = 2\n",
        kind: None,
    };
    let insert = CellChange::Insert {
        after: Some("0"),
        source: "c",
        kind: CellType::Code,
    };
    let text = changed(&changed(COMPACT, &replace), &insert);
    assert_eq!(
        text,
        r#"{"nbformat":4,"nbformat_minor":2,"metadata":{},"cells":[{"cell_type":"code","source":"b = 2\n","metadata":{},"outputs":[],"execution_count":null},{"cell_type":"code","execution_count":null,"metadata":{},"outputs":[],"source":"c"}]}"#
    );
    let windows = JUPYTER.replace('\n', "\r\n");
    let insert = CellChange::Insert {
        after: None,
        source: "x\ny",
        kind: CellType::Code,
    };
    let text = changed(&windows, &insert);
    assert_eq!(text.replace("\r\n", "\n"), changed(JUPYTER, &insert));
    assert!(!text.replace("\r\n", "").contains('\n'));
}

#[test]
fn the_last_cell_can_be_deleted_and_a_first_one_inserted() {
    for text in [JUPYTER, COMPACT] {
        let mut text = text.to_owned();
        for _ in 0..Notebook::parse(&text).unwrap().cells.len() {
            text = changed(&text, &CellChange::Delete { cell: "0" });
        }
        assert!(
            text.contains("\"cells\": []") || text.contains("\"cells\":[]"),
            "{text}"
        );
        let insert = CellChange::Insert {
            after: None,
            source: "first",
            kind: CellType::Raw,
        };
        let text = changed(&text, &insert);
        assert_eq!(Notebook::parse(&text).unwrap().cells[0].source, "first");
    }
}

#[test]
fn cells_that_are_not_there_are_named() {
    let notebook = Notebook::parse(JUPYTER).unwrap();
    for cell in ["2", "-1", "nope", ""] {
        let change = CellChange::Delete { cell };
        assert_eq!(
            notebook.change(&change).unwrap_err(),
            format!("has no cell {cell:?}. Its cells are: cell 0 (id intro), cell 1 (id calc).")
        );
    }
    let twice = JUPYTER.replace("intro", "calc");
    let why = Notebook::parse(&twice)
        .unwrap()
        .change(&CellChange::Delete { cell: "calc" });
    assert_eq!(
        why.unwrap_err(),
        "has several cells with the id \"calc\"; give the number of the cell instead."
    );
}

#[test]
fn what_is_no_notebook_is_told() {
    let texts = [
        "",
        "[]",
        "{}",
        r#"{"nbformat": 3, "worksheets": []}"#,
        r#"{"nbformat": 4}"#,
        r#"{"nbformat": 4, "cells": [1]}"#,
        r#"{"nbformat": 4, "cells": []"#,
    ];
    let told: Vec<String> = texts
        .iter()
        .map(|text| Notebook::parse(text).unwrap_err())
        .collect();
    assert_snapshot!(told.join("\n"));
}

proptest! {
    /// A change in the text is the change in the value, whatever the layout.
    #[test]
    fn a_change_is_what_it_says(
        sources in prop::collection::vec("(?s).{0,20}", 0..4),
        new in "(?s).{0,20}",
        index in 0..5_usize,
        is_pretty in any::<bool>(),
    ) {
        let cells: Vec<Value> = sources
            .iter()
            .map(|source| json!({"cell_type": "raw", "metadata": {"k": [1, {}]}, "source": source}))
            .collect();
        let value = json!({"cells": cells, "nbformat": 4, "nbformat_minor": 2});
        let text = if is_pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let notebook = Notebook::parse(&text).unwrap();
        let cell = index.to_string();
        let replaced = notebook.change(&CellChange::Replace { cell: &cell, source: &new, kind: None });
        prop_assert_eq!(replaced.is_ok(), index < sources.len());
        if let Ok((text, _)) = replaced {
            let mut expected = value.clone();
            expected["cells"][index]["source"] = json!(new);
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        }
        let deleted = notebook.change(&CellChange::Delete { cell: &cell });
        if let Ok((text, _)) = deleted {
            let mut expected = value.clone();
            expected["cells"].as_array_mut().unwrap().remove(index);
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        }
        let after = (index > 0).then_some(cell.as_str());
        let inserted = notebook.change(&CellChange::Insert { after, source: &new, kind: CellType::Raw });
        if let Ok((text, _)) = inserted {
            let notebook = Notebook::parse(&text).unwrap();
            prop_assert_eq!(notebook.cells.len(), sources.len() + 1);
            let at = after.map_or(0, |_| index + 1);
            prop_assert_eq!(&notebook.cells[at].source, &new);
        }
    }
}
