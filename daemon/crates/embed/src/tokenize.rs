//! Texts as word pieces, in parts that fit the model's window.

use crate::error::EmbedError;
use std::path::Path;
use tokenizers::Tokenizer;

/// Splits texts. Immutable once made, so that both lanes share one.
pub(crate) struct TextEncoder {
    tokenizer: Tokenizer,
    /// The special word pieces before and after a text.
    before: Vec<i64>,
    after: Vec<i64>,
    /// Most word pieces of a text in one part, the special ones not counted.
    room: usize,
    largest_id: u32,
}

/// The word pieces of one part, the special ones included.
pub(crate) type Part = Vec<i64>;

impl TextEncoder {
    /// Reads a `tokenizer.json` for a model that takes `window` word pieces.
    pub(crate) fn parse(path: &Path, json: &[u8], window: usize) -> Result<Self, EmbedError> {
        let malformed = |error: Box<dyn std::error::Error + Send + Sync>| EmbedError::malformed(path, &error);
        let mut tokenizer = Tokenizer::from_bytes(json).map_err(malformed)?;
        // Published files cut texts and fill them up; parts and padding are made here.
        tokenizer.with_padding(None);
        tokenizer.with_truncation(None).map_err(malformed)?;
        let bare = tokenizer.encode_fast("a", false).map_err(malformed)?;
        let framed = tokenizer.encode_fast("a", true).map_err(malformed)?;
        let (bare, framed) = (bare.get_ids(), framed.get_ids());
        let start = framed.windows(bare.len().max(1)).position(|ids| ids == bare);
        let Some(start) = start else {
            return Err(EmbedError::malformed(
                path,
                &"its special word pieces are not around the text",
            ));
        };
        let before: Vec<i64> = framed[..start].iter().copied().map(i64::from).collect();
        let after: Vec<i64> = framed[start + bare.len()..].iter().copied().map(i64::from).collect();
        let room = window.saturating_sub(before.len() + after.len());
        if room == 0 {
            return Err(EmbedError::malformed(path, &"its special word pieces fill the window"));
        }
        let largest_id = tokenizer.get_vocab(true).values().copied().max().unwrap_or(0);
        Ok(Self {
            tokenizer,
            before,
            after,
            room,
            largest_id,
        })
    }

    /// The largest word piece's number.
    pub(crate) fn largest_id(&self) -> u32 {
        self.largest_id
    }

    /// The parts of a text, in order; one for any text that fits, an empty one included.
    pub(crate) fn parts(&self, text: &str) -> Result<Vec<Part>, EmbedError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|source| EmbedError::Tokenize { source })?;
        let parts = split(encoding.get_ids(), self.room).map(|ids| {
            let ids = ids.iter().copied().map(i64::from);
            self.before
                .iter()
                .copied()
                .chain(ids)
                .chain(self.after.iter().copied())
                .collect()
        });
        Ok(parts.collect())
    }
}

/// Cuts word pieces into the fewest parts of at most `room`, all of nearly the same length.
///
/// Even parts, because a last part of a few word pieces would weigh as much as a full one when the
/// parts' vectors are pooled, and because parts of one length batch without padding.
fn split(ids: &[u32], room: usize) -> impl Iterator<Item = &[u32]> {
    let n_parts = ids.len().div_ceil(room).max(1);
    (0..n_parts).map(move |part| &ids[ids.len() * part / n_parts..ids.len() * (part + 1) / n_parts])
}

/// One vector for a text of several parts: the largest value of each dimension, brought to unit length.
pub(crate) fn max_pool(parts: &[Vec<f32>]) -> Vec<f32> {
    let Some((first, rest)) = parts.split_first() else {
        return Vec::new();
    };
    if rest.is_empty() {
        return first.clone();
    }
    let mut pooled = first.clone();
    for part in rest {
        for (largest, &value) in pooled.iter_mut().zip(part) {
            *largest = largest.max(value);
        }
    }
    let length = pooled.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        for value in &mut pooled {
            *value /= length;
        }
    }
    pooled
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_hold_every_word_piece_once_and_are_even(n in 0_usize..2_000, room in 1_usize..300) {
            let ids: Vec<u32> = (0..n as u32).collect();
            let parts: Vec<&[u32]> = split(&ids, room).collect();
            prop_assert_eq!(&parts.concat(), &ids);
            prop_assert_eq!(parts.len(), n.div_ceil(room).max(1));
            let longest = parts.iter().map(|part| part.len()).max().unwrap_or(0);
            let shortest = parts.iter().map(|part| part.len()).min().unwrap_or(0);
            prop_assert!(longest <= room && longest - shortest <= 1);
        }
    }

    #[test]
    fn max_pooling_keeps_the_largest_and_normalises() {
        assert_eq!(max_pool(&[vec![0.6, 0.8]]), [0.6, 0.8]);
        assert_eq!(max_pool(&[vec![3.0, -1.0, 0.0], vec![1.0, 4.0, 0.0]]), [0.6, 0.8, 0.0]);
        assert!(max_pool(&[]).is_empty());
    }
}
