//! Okapi BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
//! Beyond" (2009), section 3.4, with the idf that Lucene and tantivy use, which is never negative.
//!
//! For a term `t` and a document `d` of one field:
//!
//! ```text
//! score = weight × idf × tf × (k1 + 1) / (tf + k1 × (1 − b + b × length / average length))
//! idf   = ln(1 + (N − n + 0.5) / (n + 0.5))
//! ```
//!
//! `N` counts the documents that have the field at all (a chunk that defines nothing is no document
//! of `names`), `n` those with the term, and the average runs over the `N`. All three are taken over
//! the scope of the search: what other worktrees hold, or what waits to be pruned, moves no score,
//! so a grown index answers as a fresh one does. A "document" is a chunk for chunk scores, the sum of
//! a content's chunks for file scores, and a path for path scores. Lengths are tantivy's field norms:
//! exact to 40 tokens, above that rounded down by at most 1/8.

use tantivy::fieldnorm::FieldNormReader;

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// How many documents of a field are in scope and how long they are together.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct FieldStats {
    /// Documents that have the field.
    pub(crate) n_docs: u32,
    /// Their tokens.
    pub(crate) n_tokens: u64,
}

impl FieldStats {
    /// Counts one document; one without tokens does not have the field.
    pub(crate) fn add(&mut self, n_tokens: u32) {
        self.add_many(u32::from(n_tokens > 0), n_tokens.into());
    }

    /// Counts several documents at once.
    pub(crate) fn add_many(&mut self, n_docs: u32, n_tokens: u64) {
        self.n_docs += n_docs;
        self.n_tokens += n_tokens;
    }

    /// The weight of a term that `n_matching` of the documents have.
    pub(crate) fn idf(&self, n_matching: u32) -> f32 {
        idf(self.n_docs, n_matching)
    }

    /// `tf × (k1 + 1) / (tf + k1 × …)` for a document of that length.
    pub(crate) fn saturation(&self, frequency: u32, length: u32) -> f32 {
        saturate(frequency, self.pressure(length))
    }

    /// The saturation's denominator without `tf`, for every field norm.
    pub(crate) fn table(&self) -> Table {
        let mut pressures = [0.0; 256];
        for (id, pressure) in (0..=u8::MAX).zip(&mut pressures) {
            *pressure = self.pressure(FieldNormReader::id_to_fieldnorm(id));
        }
        Table(pressures)
    }

    fn pressure(&self, length: u32) -> f32 {
        let average = self.n_tokens as f32 / self.n_docs.max(1) as f32;
        K1 * (1.0 - B + B * length as f32 / average.max(f32::MIN_POSITIVE))
    }
}

/// A lookup table over field norm ids, for the loop over postings.
#[derive(Debug)]
pub(crate) struct Table([f32; 256]);

impl Table {
    /// As [`FieldStats::saturation`].
    #[inline]
    pub(crate) fn saturation(&self, frequency: u32, norm_id: u8) -> f32 {
        saturate(frequency, self.0[usize::from(norm_id)])
    }
}

/// The weight of a term that `n_matching` of `n_docs` documents have; always positive.
pub(crate) fn idf(n_docs: u32, n_matching: u32) -> f32 {
    let (all, matching) = (n_docs as f32, n_matching as f32);
    ((all - matching + 0.5) / (matching + 0.5)).ln_1p()
}

#[inline]
fn saturate(frequency: u32, pressure: f32) -> f32 {
    let frequency = frequency as f32;
    frequency * (K1 + 1.0) / (frequency + pressure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_weigh_more_and_none_weighs_nothing() {
        let idfs: Vec<f32> = [0, 1, 10, 99, 100].map(|n| idf(100, n)).into();
        assert!(idfs.is_sorted_by(|a, b| a > b), "{idfs:?}");
        assert!(idfs[4] > 0.0);
    }

    #[test]
    fn a_document_of_average_length_saturates_towards_k1_plus_one() {
        let stats = FieldStats {
            n_docs: 4,
            n_tokens: 40,
        };
        assert!((stats.saturation(1, 10) - 1.0).abs() < 1e-6);
        assert!((stats.saturation(1_000_000, 10) - 2.2).abs() < 1e-4);
        assert!(stats.saturation(2, 20) < stats.saturation(2, 5));
        let (looked_up, computed) = (stats.table().saturation(3, 20), stats.saturation(3, 20));
        assert!((looked_up - computed).abs() < 1e-6);
    }
}
