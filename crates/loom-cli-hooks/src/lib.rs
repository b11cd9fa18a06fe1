//! Hooks: programs of the person that run before and after what the agent does.
