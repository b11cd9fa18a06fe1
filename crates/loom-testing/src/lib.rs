//! Test support: fake model server, server in process, hermetic command line, scratch repositories.
