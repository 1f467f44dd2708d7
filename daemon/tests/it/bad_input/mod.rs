//! Input that nobody means to give, one file per theme.
//!
//! Each test says what comes of it (exit code, words of the message, what is still found) and that the
//! same daemon goes on serving.

mod disconnect;
mod ignore;
mod load;
mod names;
mod nesting;
mod paths;
mod queries;
mod runtime_dir;
mod special;
mod versions;
