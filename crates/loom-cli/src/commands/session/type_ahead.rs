//! Keeps what the person types while the agent works for the next prompt.
//!
//! In its usual mode the terminal would echo it into the middle of the agent's output, collect it
//! into lines, and lose it (with Ctrl-D) when the line editor takes over. Without echo and without
//! lines the bytes wait in the terminal's queue, and the editor reads them first. Signals by key
//! (Ctrl-C, Ctrl-Z) stay as they are.

use std::io;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

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
        tcsetattr(io::stdin(), OptionalActions::Drain, &modes)?;
        Ok(Self { former })
    }
}

impl Drop for TypeAhead {
    fn drop(&mut self) {
        // A terminal that is gone needs no mode.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &self.former);
    }
}
