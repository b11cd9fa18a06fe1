//! Looks through contents in git's store: what is staged, and what the history has brought in.
//!
//! Workers take the next content when they are free; each has a git of its own to read from, and a thread, because
//! searching is work and not waiting.

use std::collections::HashSet;
use std::sync::Arc;

use loom_cli_git::{GitError, HistoryQuery, Objects, Repository};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::error::RedactError;
use crate::leak::{Reason, Report};
use crate::scanner::{Collection, Place, Scanner};

/// How many contents wait for a worker.
const QUEUE: usize = 256;

/// A content and where it comes from.
struct Blob {
    hash: String,
    place: Place,
}

type Queue = Arc<Mutex<mpsc::Receiver<Blob>>>;

impl Scanner {
    /// Looks through what the next commit would bring in: the content of the index. Leaks count that touch a line
    /// which is new.
    ///
    /// # Errors
    ///
    /// [`RedactError::Git`] and [`RedactError::Stopped`].
    pub async fn staged(self: &Arc<Self>, repository: &Repository) -> Result<Report, RedactError> {
        let files = repository.staged().await?;
        let (queue, blobs) = mpsc::channel(QUEUE);
        let feeding = async move {
            for file in files {
                let place = Place {
                    path: file.path,
                    commit: None,
                    order: 0,
                };
                let hash = file.blob;
                if queue.send(Blob { hash, place }).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        let mut report = self.look_through(repository, blobs, feeding).await?;
        let mut new = Vec::new();
        let leaks = std::mem::take(&mut report.leaks);
        for of_file in leaks.chunk_by(|one, next| one.path == next.path) {
            let lines = repository.added_lines(&of_file[0].path).await?;
            let is_new = |first: u64, last: u64| {
                lines
                    .iter()
                    .any(|added| first <= *added.end() && *added.start() <= last)
            };
            let of_file = of_file.iter();
            new.extend(
                of_file
                    .filter(|leak| is_new(leak.finding.line, leak.finding.end_line))
                    .cloned(),
            );
        }
        report.leaks = new;
        Ok(report)
    }

    /// Looks through what commits have brought in, each content once, at the oldest commit that has it.
    ///
    /// # Errors
    ///
    /// [`RedactError::Git`] and [`RedactError::Stopped`].
    pub async fn history(
        self: &Arc<Self>,
        repository: &Repository,
        query: &HistoryQuery,
    ) -> Result<Report, RedactError> {
        let mut additions = repository.additions(query)?;
        let (queue, blobs) = mpsc::channel(QUEUE);
        let scanner = Arc::clone(self);
        let feeding = async move {
            let mut seen = HashSet::new();
            let mut order = 0;
            while let Some(addition) = additions.next().await? {
                let place = Place {
                    path: addition.path,
                    commit: Some(addition.commit),
                    order,
                };
                order += 1;
                // The same content may come again where the rules do not leave it out.
                if seen.contains(&addition.blob) || scanner.leaves_out(&place) {
                    continue;
                }
                seen.insert(addition.blob.clone());
                let hash = addition.blob;
                if queue.send(Blob { hash, place }).await.is_err() {
                    break;
                }
            }
            Ok(())
        };
        self.look_through(repository, blobs, feeding).await
    }

    /// Has workers look through what is fed to them.
    async fn look_through(
        self: &Arc<Self>,
        repository: &Repository,
        blobs: mpsc::Receiver<Blob>,
        feeding: impl Future<Output = Result<(), GitError>>,
    ) -> Result<Report, RedactError> {
        let blobs: Queue = Arc::new(Mutex::new(blobs));
        let collection = Arc::new(Collection::default());
        let mut workers = JoinSet::new();
        for _ in 0..self.limits.threads.get() {
            let (scanner, blobs) = (Arc::clone(self), Arc::clone(&blobs));
            let collection = Arc::clone(&collection);
            let repository = repository.clone();
            workers.spawn_blocking(move || {
                let runtime = Handle::current();
                let outcome = scanner.work(&runtime, &repository, &blobs, &collection);
                if outcome.is_err() {
                    // Nobody else needs to go on.
                    runtime.block_on(async { blobs.lock().await.close() });
                }
                outcome
            });
        }
        drop(blobs);
        let fed = feeding.await;
        while let Some(worked) = workers.join_next().await {
            worked.map_err(|error| RedactError::Stream(error.into()))??;
        }
        fed?;
        self.progress.go_on()?;
        Ok(collection.take_report())
    }

    fn work(
        &self,
        runtime: &Handle,
        repository: &Repository,
        blobs: &Queue,
        collection: &Collection,
    ) -> Result<(), RedactError> {
        // It starts with the first content: most commits stage a file or two.
        let mut objects = None;
        while let Some(blob) = runtime.block_on(async { blobs.lock().await.recv().await }) {
            self.progress.go_on()?;
            let objects = match &mut objects {
                Some(objects) => objects,
                None => objects.insert(runtime.block_on(async { repository.objects() })?),
            };
            self.blob(runtime, objects, blob, collection)?;
        }
        Ok(())
    }

    fn blob(
        &self,
        runtime: &Handle,
        objects: &mut Objects,
        blob: Blob,
        collection: &Collection,
    ) -> Result<(), RedactError> {
        let Blob { hash, place } = blob;
        let Some(mut search) = self.search(&place) else {
            return Ok(());
        };
        let Some(size) = runtime.block_on(objects.open(&hash))? else {
            collection.omit(place.path, Reason::Missing(hash));
            return Ok(());
        };
        let limit = self.limits.largest;
        if size > limit {
            collection.omit(place.path, Reason::TooLarge { size, limit });
            return Ok(());
        }
        loop {
            self.progress.go_on()?;
            let piece = runtime.block_on(objects.read())?;
            if piece.is_empty() {
                break;
            }
            self.progress.add_bytes(piece.len() as u64);
            if !search.push(piece) {
                break;
            }
        }
        self.take(place, search.finish(), size, collection);
        Ok(())
    }
}
