//! Version control on the store of Jujutsu: snapshots of a folder, outside of its own repository.
