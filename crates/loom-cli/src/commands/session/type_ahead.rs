//! Keeps what the person types while the agent works for the next prompt.
//!
//! In its usual mode the terminal would echo it into the middle of the agent's output, collect it
//! into lines, and lose it (with Ctrl-D) when the line editor takes over. Without echo and without
//! lines the bytes wait in the terminal's queue, and the editor reads them first. Before a question
//! they are taken out of the queue: an answer must not be given before the question is read.
//! Signals by key (Ctrl-C, Ctrl-Z) stay as they are.

use std::io;

use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

/// The terminal in that mode; dropping it brings the former mode back.
pub(super) struct TypeAhead {
    former: Termios,
}

impl TypeAhead {
    /// Changes the mode of the terminal at standard input.
    ///
    /// # Errors
    ///
    /// When it is no terminal, or gone.
    pub(super) fn keep() -> io::Result<Self> {
        let former = tcgetattr(io::stdin())?;
        let mut modes = former.clone();
        modes.local_modes -= LocalModes::ECHO | LocalModes::ICANON;
        // Reading takes what there is and does not wait.
        modes.special_codes[SpecialCodeIndex::VMIN] = 0;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(io::stdin(), OptionalActions::Drain, &modes)?;
        Ok(Self { former })
    }

    /// Takes what was typed out of the queue: its text, on one line.
    pub(super) fn take(&self) -> String {
        let mut typed = Vec::new();
        let mut buffer = [0; 1024];
        while let Ok(length) = rustix::io::read(io::stdin(), &mut buffer)
            && length > 0
        {
            typed.extend_from_slice(&buffer[..length]);
        }
        let typed = String::from_utf8_lossy(&typed);
        let words =
            typed.split(|character: char| character.is_whitespace() || character.is_control());
        words
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }
}

impl Drop for TypeAhead {
    fn drop(&mut self) {
        // A terminal that is gone needs no mode.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.former);
    }
}
