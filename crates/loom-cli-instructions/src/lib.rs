//! What people write down for the agent: instruction files and commands of their own.
