//! What the extractor makes of real-looking files, of any bytes at all, and of files made to hurt.

mod common;
mod data;
mod graph;
mod hard_input;
mod pieces;
mod properties;
mod samples;
mod skips;
mod values;
mod visibility;
