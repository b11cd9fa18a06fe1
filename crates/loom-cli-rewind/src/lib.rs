//! Undo: the points of a thread that its files can be taken back to.
