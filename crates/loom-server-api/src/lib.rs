//! HTTP routes of the server, and their OpenAPI description.
