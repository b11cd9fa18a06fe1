use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

fn id(seed: u64) -> ThreadId {
    ThreadId::new(Timestamp::UNIX_EPOCH, &mut StdRng::seed_from_u64(seed))
}

/// Each error as a person sees it, with its hint below.
#[test]
fn every_error_says_what_happened_and_what_to_do() {
    let path = PathBuf::from("/home/ada/.local/share/loom/threads.db");
    let said = || BoxedError::from("what the system said");
    let errors = [
        ThreadStoreError::from("T-?".parse::<ThreadId>().unwrap_err()),
        ThreadStoreError::NotFound("T-0198".to_owned()),
        ThreadStoreError::Ambiguous {
            text: "T-0000".to_owned(),
            candidates: vec![id(1), id(2)],
            more: true,
        },
        ThreadStoreError::Exists(id(1)),
        ThreadStoreError::Conflict {
            id: id(1),
            expected: 4,
            found: 6,
        },
        ThreadStoreError::Unreadable {
            id: id(1),
            seq: 3,
            source: serde_json::from_str::<u8>("?").unwrap_err(),
        },
        ThreadStoreError::Newer {
            path: path.clone(),
            found: 5,
            known: 1,
        },
        ThreadStoreError::Foreign { path: path.clone() },
        ThreadStoreError::Damaged {
            path: path.clone(),
            message: "database disk image is malformed".to_owned(),
        },
        ThreadStoreError::DiskFull {
            path: path.clone(),
            source: said(),
        },
        ThreadStoreError::ReadOnly {
            path: path.clone(),
            source: said(),
        },
        ThreadStoreError::Locked {
            path: path.clone(),
            source: said(),
        },
        ThreadStoreError::Failed {
            path,
            source: said(),
        },
    ];
    let shown: Vec<String> = errors
        .iter()
        .map(|error| format!("{error}\nhint: {}", error.hint()))
        .collect();
    insta::assert_snapshot!(shown.join("\n\n"));
}

#[test]
fn errors_of_the_file_system_are_sorted_by_what_they_mean() {
    let sorted = |kind: io::ErrorKind| ThreadStoreError::from_io(Path::new("/x"), kind.into());
    for (kind, expected) in [
        (io::ErrorKind::PermissionDenied, "read-only"),
        (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
        (io::ErrorKind::StorageFull, "full"),
        (io::ErrorKind::QuotaExceeded, "full"),
        (io::ErrorKind::NotADirectory, "failed"),
    ] {
        let found = match sorted(kind) {
            ThreadStoreError::ReadOnly { .. } => "read-only",
            ThreadStoreError::DiskFull { .. } => "full",
            ThreadStoreError::Failed { .. } => "failed",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{kind}");
    }
}
