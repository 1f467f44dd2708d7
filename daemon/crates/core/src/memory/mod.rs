//! Memories: what they are, and every decision about them that needs no I/O.
//!
//! Owns the vocabulary ([`mod@unit`]), what may be stored ([`validate`], [`secrets`], [`flags`]), how a text
//! becomes what is indexed ([`parts`]), and how a question is answered ([`question`], [`gate`], [`rank`]). Pure.

mod base64;
pub mod flags;
pub mod gate;
pub mod parts;
pub mod question;
pub mod rank;
pub mod secrets;
pub mod unit;
pub mod validate;

pub use unit::*;
