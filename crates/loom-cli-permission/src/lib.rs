//! Rules of permission: whether a tool call may run, and why.
