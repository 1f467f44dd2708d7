//! Ranking: from evidence to an order, explainably.
//!
//! A hit's score is a weighted sum of features between 0 and 1 ([`Feature`]); the weights are data
//! (`weights`). Nothing here looks at an index: evidence goes in, a score and its parts come out.

mod evidence;
mod feature;
mod layout;
mod order;
mod place;
mod weights;

pub use evidence::{Defined, Evidence};
pub use feature::{Feature, Features};
pub use layout::survey;
pub use order::{Order, Ranked};
pub use place::Place;
pub use weights::{IDENTIFIER, PROSE, Share, Weights};
