//! Contents out of git's store, one after the other: `git cat-file --batch`.
//!
//! Each content is asked for by its hash and read piece by piece, so that its size does not matter.

use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;

use crate::error::GitError;
use crate::invocation::GitStream;
use crate::repository::Repository;

const COMMAND: &str = "cat-file";

/// How much is read at once, in bytes.
const CHUNK: usize = 64 * 1024;

/// A git that hands out contents. Dropped, it ends.
pub struct Objects {
    stream: GitStream,
    questions: ChildStdin,
    buffer: Vec<u8>,
    /// The unread part of the buffer.
    unread: std::ops::Range<usize>,
    /// How much of the content that was asked for is still to come.
    rest: u64,
    /// Whether the line end after the content is still to come.
    in_content: bool,
}

pub(crate) fn of(repository: &Repository) -> Result<Objects, GitError> {
    let (stream, questions) = repository
        .git
        .invoke(repository.folder(), [COMMAND, "--batch"])
        .reading()
        // What a partial clone lacks is not fetched.
        .variable("GIT_NO_LAZY_FETCH", "1")
        .converse()?;
    Ok(Objects {
        stream,
        questions,
        buffer: vec![0; CHUNK],
        unread: 0..0,
        rest: 0,
        in_content: false,
    })
}

impl Objects {
    /// Asks for a content by its hash and returns its size in bytes; none when the store does not have it. What
    /// was not read of the one before is passed over.
    ///
    /// # Errors
    ///
    /// [`GitError::Run`] when git is gone, and [`GitError::Unreadable`].
    pub async fn open(&mut self, hash: &str) -> Result<Option<u64>, GitError> {
        while !self.read().await?.is_empty() {}
        if hash.is_empty() || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let question = format!("{hash}\n");
        let asked = self.questions.write_all(question.as_bytes()).await;
        asked.map_err(GitError::Run)?;
        let mut header = Vec::new();
        loop {
            if self.unread.is_empty() {
                self.fill().await?;
            }
            let byte = self.buffer[self.unread.start];
            self.unread.start += 1;
            if byte == b'\n' {
                break;
            }
            header.push(byte);
            if header.len() > 200 {
                return Err(unreadable(&header));
            }
        }
        // `hash type size`, or `hash missing`
        let header = String::from_utf8_lossy(&header);
        let mut fields = header.split(' ').skip(1);
        match (fields.next(), fields.next()) {
            (Some("missing"), _) => Ok(None),
            (Some(_), Some(size)) => {
                let size = size.parse().map_err(|_| unreadable(header.as_bytes()))?;
                self.rest = size;
                self.in_content = true;
                Ok(Some(size))
            }
            _ => Err(unreadable(header.as_bytes())),
        }
    }

    /// Returns the next piece of the content that was asked for; empty at its end.
    ///
    /// # Errors
    ///
    /// [`GitError::Run`] when git is gone, and [`GitError::Unreadable`] when it ends too early.
    pub async fn read(&mut self) -> Result<&[u8], GitError> {
        if !self.in_content {
            return Ok(&[]);
        }
        if self.unread.is_empty() {
            self.fill().await?;
        }
        if self.rest == 0 {
            // The line end that follows the content.
            self.unread.start += 1;
            self.in_content = false;
            return Ok(&[]);
        }
        let rest = usize::try_from(self.rest).unwrap_or(usize::MAX);
        let length = self.unread.len().min(rest);
        let start = self.unread.start;
        self.unread.start += length;
        self.rest -= length as u64;
        Ok(&self.buffer[start..start + length])
    }

    async fn fill(&mut self) -> Result<(), GitError> {
        let read = self.stream.read(&mut self.buffer).await?;
        if read == 0 {
            return Err(GitError::Unreadable {
                command: COMMAND.to_owned(),
                what: "it has ended too early".to_owned(),
            });
        }
        self.unread = 0..read;
        Ok(())
    }
}

fn unreadable(header: &[u8]) -> GitError {
    GitError::Unreadable {
        command: COMMAND.to_owned(),
        what: format!("the line {:?}", String::from_utf8_lossy(header)),
    }
}
