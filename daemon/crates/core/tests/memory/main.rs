//! What is refused, and what is flagged, measured on corpora: shapes of secrets and what looks like them, orders to agents and what reads
//! like them. The rates are asserted, and every miss is listed when they are not met.

mod bounded;
mod flags;
mod secrets;
mod support;
