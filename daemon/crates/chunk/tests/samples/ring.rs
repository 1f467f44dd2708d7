// Copyright 2024 The Ring Authors. All rights reserved.

//! A ring buffer that never allocates after it was made.
//!
//! Readers and writers may sit on different threads.

use std::fmt;
use std::ops::Deref;

/// Slots of the smallest ring.
const MIN_SLOTS: usize = 4;
static mut COUNTER: u32 = 0;

/// Why a value was refused.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    /// There is no room.
    Full,
    Closed,
}

pub struct Pair(pub u32, pub u32);

pub type Slots<T> = Vec<Option<T>>;

/// A ring of `T`.
#[derive(Debug)]
pub struct Ring<T>
where
    T: Send,
{
    slots: Slots<T>,
    head: usize,
}

pub trait Sink<T>: Send {
    type Error;
    const NAME: &'static str;

    /// Takes a value.
    fn put(&mut self, value: T) -> Result<(), Self::Error>;

    fn put_all(&mut self, values: Vec<T>) -> Result<(), Self::Error> {
        for value in values {
            self.put(value)?;
        }
        Ok(())
    }
}

impl<T: Send> Ring<T> {
    /// Makes a ring.
    // Not const: allocation is not.
    #[must_use]
    pub fn new(slots: usize) -> Self {
        const FLOOR: usize = 2;
        fn at_least(slots: usize) -> usize {
            slots.max(FLOOR)
        }
        Self { slots: (0..at_least(slots)).map(|_| None).collect(), head: 0 }
    }

    pub(crate) async fn drain<'a, F>(&'a mut self, mut each: F) -> usize
    where
        F: FnMut(T),
    {
        let mut n = 0;
        while let Some(value) = self.slots.pop().flatten() {
            each(value);
            n += 1;
        }
        n
    }
}

impl<T: Send> Sink<T> for Ring<T> {
    type Error = Refused;
    const NAME: &'static str = "ring";

    fn put(&mut self, value: T) -> Result<(), Refused> {
        self.slots.push(Some(value));
        Ok(())
    }
}

impl<'a, T> fmt::Display for &'a dyn Deref<Target = T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ring")
    }
}

/// Makes a ring of the values given.
#[macro_export]
macro_rules! ring {
    ($($value:expr),*) => {{ let mut ring = Ring::new(4); $(ring.put($value).ok();)* ring }};
}

pub union Word {
    bytes: [u8; 4],
    number: u32,
}

extern "C" {
    /// The C library's.
    fn strlen(text: *const u8) -> usize;
}

mod elsewhere;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_takes_values() {
        let mut ring = Ring::new(MIN_SLOTS);
        assert!(ring.put(1).is_ok());
    }
}
