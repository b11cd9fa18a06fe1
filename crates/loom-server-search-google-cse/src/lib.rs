//! Web search by Google's Programmable Search Engine.
