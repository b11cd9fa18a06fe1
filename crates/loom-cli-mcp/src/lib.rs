//! The client of the Model Context Protocol: servers, and their tools, resources and prompts.
