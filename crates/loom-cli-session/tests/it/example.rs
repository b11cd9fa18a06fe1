//! The example of the documentation, run.

#[path = "../../examples/drive.rs"]
#[expect(dead_code, reason = "its `main` is for `cargo run --example`")]
mod drive;

#[tokio::test]
async fn the_example_drives_a_session_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut output = Vec::new();
    drive::converse(folder.path(), &mut output).await.unwrap();
    assert_eq!(
        String::from_utf8(output).unwrap(),
        "a session with scripted\n\
         Which color? [\"red\", \"blue\"]\n\
         [ask_user: Completed]\n\
         It is red now.\n\
         1 turn, 0 tokens\n"
    );
}
