//! Runnable examples: see the other files in this folder.
