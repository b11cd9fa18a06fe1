//! The sandbox in which commands run: Landlock, seccomp, bubblewrap, and the way to the network.
