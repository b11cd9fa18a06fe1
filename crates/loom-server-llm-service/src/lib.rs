//! One service over all model providers; owns their keys.
