//! `loom acp`: sessions for an editor.
//!
//! Standard output is the protocol's. It is kept for it before anything else can begin: what any other
//! part of the program, or a program that it starts, writes to standard output goes to standard error.

mod companion;
mod orders;

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use loom_cli_acp::{KnownThread, ModelId, Opened, Opening, Program, Refusal, RefusalKind};
use loom_cli_session::Person;
use loom_common_thread::{Thread, ThreadFilter, ThreadId, ThreadStore, ThreadStoreError};
use loom_common_version::VERSION;
use tokio::sync::OnceCell;

use self::companion::SessionCompanion;
use super::session::assembly::{self, Beginning, Models, Wanted};
use super::threads;
use crate::error::{CliError, ErrorKind};
use crate::interrupt::Interrupts;
use crate::setting::Setting;

pub(crate) async fn run(setting: Setting) -> Result<(), CliError> {
    let input = tokio::fs::File::from_std(duplicate(rustix::stdio::stdin())?);
    let output = tokio::fs::File::from_std(keep_output()?);
    let mut interrupts = Interrupts::listen()?;
    let program = EditorProgram {
        setting,
        threads: OnceCell::new(),
        models: Arc::default(),
    };
    let stop = async {
        interrupts.next().await;
    };
    loom_cli_acp::serve(Arc::new(program), VERSION, input, output, stop)
        .await
        .map_err(|error| CliError::failed(error.to_string()))
}

/// Takes standard output away from everybody else.
fn keep_output() -> Result<File, CliError> {
    let output = duplicate(rustix::stdio::stdout())?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).map_err(std::io::Error::from)?;
    Ok(output)
}

fn duplicate(stream: BorrowedFd<'_>) -> Result<File, CliError> {
    // Above the three that every process has.
    let copy = rustix::io::fcntl_dupfd_cloexec(stream, 3).map_err(std::io::Error::from)?;
    Ok(File::from(copy))
}

/// Puts sessions together, each for its folder.
struct EditorProgram {
    setting: Setting,
    /// Where threads are kept, once it was opened.
    threads: OnceCell<ThreadStore>,
    /// The models that can be chosen, once they are known.
    models: Arc<Mutex<Option<Vec<ModelId>>>>,
}

impl EditorProgram {
    async fn open_session(&self, opening: Opening) -> Result<Opened, Refusal> {
        let setting = self.setting.in_folder(&opening.folder).map_err(refusal)?;
        let thread = match opening.thread {
            None => Wanted::New,
            Some(id) => match self.stored_thread(&id).await? {
                Some(_) => Wanted::Stored(id),
                None => return Err(no_thread(&id)),
            },
        };
        let beginning = Beginning {
            thread,
            person: Person::Present,
            servers: opening.servers,
        };
        let mut started = assembly::start(&setting, beginning)
            .await
            .map_err(refusal)?;
        let history = std::mem::take(&mut started.history);
        let warnings = std::mem::take(&mut started.warnings);
        let effort = started.effort;
        let (session, companion) =
            SessionCompanion::new(started, setting.workspace, Arc::clone(&self.models));
        Ok(Opened {
            session,
            history,
            effort,
            warnings,
            companion: Box::new(companion),
        })
    }

    async fn check_thread(&self, folder: &Path, id: &str) -> Result<(), Refusal> {
        let setting = self.setting.in_folder(folder).map_err(refusal)?;
        let thread = self.stored_thread(id).await?;
        let thread = thread.ok_or_else(|| no_thread(id))?;
        threads::check_folder(&setting, &thread).map_err(refusal)
    }

    async fn store(&self) -> Result<&ThreadStore, Refusal> {
        let store = self.threads.get_or_try_init(|| self.setting.open_threads());
        store.await.map_err(refusal)
    }

    async fn known_threads(&self, folder: Option<PathBuf>) -> Result<Vec<KnownThread>, Refusal> {
        let store = self.store().await?;
        // Threads know their folder without symbolic links; one that is gone keeps its name.
        let cwd = folder.map(|folder| folder.canonicalize().unwrap_or(folder));
        let filter = ThreadFilter { cwd, limit: None };
        let threads = store
            .list(&filter)
            .await
            .map_err(|error| refusal(error.into()))?;
        Ok(threads.into_iter().map(known).collect())
    }

    async fn stored_thread(&self, id: &str) -> Result<Option<Thread>, Refusal> {
        let Ok(id) = id.parse::<ThreadId>() else {
            return Ok(None);
        };
        let store = self.store().await?;
        let thread = store.find(id).await;
        thread.map_err(|error| refusal(error.into()))
    }

    async fn delete_thread(&self, id: &str) -> Result<(), Refusal> {
        let Ok(id) = id.parse::<ThreadId>() else {
            return Ok(());
        };
        let store = self.store().await?;
        match store.delete(id).await {
            Ok(()) | Err(ThreadStoreError::NotFound(_)) => Ok(()),
            Err(error) => Err(refusal(error.into())),
        }
    }
}

impl Program for EditorProgram {
    fn open(&self, opening: Opening) -> BoxFuture<'_, Result<Opened, Refusal>> {
        self.open_session(opening).boxed()
    }

    fn check<'a>(
        &'a self,
        folder: &'a Path,
        thread: &'a str,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        self.check_thread(folder, thread).boxed()
    }

    fn threads(&self, folder: Option<PathBuf>) -> BoxFuture<'_, Result<Vec<KnownThread>, Refusal>> {
        self.known_threads(folder).boxed()
    }

    fn thread<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<KnownThread>, Refusal>> {
        let thread = async { Ok(self.stored_thread(id).await?.map(known)) };
        thread.boxed()
    }

    fn delete<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), Refusal>> {
        self.delete_thread(id).boxed()
    }
}

fn known(thread: Thread) -> KnownThread {
    KnownThread {
        id: thread.id.to_string(),
        folder: thread.cwd,
        title: thread.title,
        updated_at: format!("{:.3}", thread.updated_at),
    }
}

fn no_thread(id: &str) -> Refusal {
    Refusal {
        kind: RefusalKind::NoThread,
        message: format!("there is no thread {id}"),
        hint: Some("`loom threads list --all` lists the threads there are".to_owned()),
    }
}

/// Tells an editor of an error.
fn refusal(error: CliError) -> Refusal {
    Refusal {
        kind: match error.kind() {
            ErrorKind::Usage => RefusalKind::Misuse,
            _ => RefusalKind::Failed,
        },
        message: error.message().to_owned(),
        hint: error.hint_text().map(str::to_owned),
    }
}

/// Returns the models that the providers name. They are asked for once; a server that cannot be asked now is
/// asked by the next session.
async fn offered(models: &Models, known: &Mutex<Option<Vec<ModelId>>>) -> Vec<ModelId> {
    let remembered = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(models) = remembered {
        return models;
    }
    let models = match models.offered().await {
        Ok(models) => models,
        Err(error) => {
            tracing::debug!(%error, "the models that there are are not known");
            return Vec::new();
        }
    };
    let models = models.into_iter().map(|model| ModelId {
        provider: model.provider,
        name: model.name,
    });
    let models: Vec<ModelId> = models.collect();
    *known.lock().unwrap_or_else(PoisonError::into_inner) = Some(models.clone());
    models
}
