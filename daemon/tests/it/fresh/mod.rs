//! Always fresh: what is searched is what the files are, whatever happened to them, to git or to the daemon.

mod clones;
mod crash;
mod git;
mod polite;
mod project;
mod prune;
mod receipt;
mod replay;
mod scale;
mod state;
mod watching;
mod worktrees;
