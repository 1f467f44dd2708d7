//! What speaks for a candidate: features between 0 and 1, of its text, of its vectors and of what is known about it.

use super::question::Asking;
use super::reading::Reading;
use crate::memory::{Memory, TimestampMs};
use crate::ports::MemoryCandidate;

/// Where repetition of a word stops to count, as in BM25.
const SATURATION: f32 = 1.2;

/// How much a long text has to repeat a word for the same weight, as in BM25.
const LENGTH_NORM: f32 = 0.75;

/// Difference between two cosines that separates an answer from what is none. Among few candidates smaller ones occur.
const LEAST_SPAN: f32 = 0.3;

/// Days after which a memory is half as new.
const HALF_AS_NEW: f32 = 30.0;

/// Confirmations beyond which more say nothing new.
const ENOUGH_CONFIRMATIONS: u32 = 3;

const DAY_MS: f32 = 86_400_000.0;

/// One reason to rank a candidate higher or lower.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Feature {
    /// Cosine of the best part.
    Meaning,
    /// The same between the candidates' lowest and highest.
    RelativeMeaning,
    /// Words of the whole against the best candidate's.
    Whole,
    /// Words of the best part against the best candidate's.
    Part,
    /// What the index made of the words of the whole, knowing how rare they are elsewhere, against its best.
    IndexWhole,
    /// The same of the best part.
    IndexPart,
    /// Share of what is asked, by rarity, that occurs.
    Coverage,
    /// Share of neighbouring words of the question that are neighbours here too.
    Neighbours,
    /// Share of identifiers, numbers and quoted strings that occur as they are.
    Exact,
    /// Share of what is asked that the tags name.
    Tags,
    /// It is of the kind asked for.
    Kind,
    /// How new it is, when the question asks for that.
    Recency,
    /// Somebody said that it holds.
    Confirmed,
    /// How far it is believed.
    Trust,
    /// Its content reads like an order.
    Flagged,
}

impl Feature {
    /// How many there are.
    pub(super) const COUNT: usize = 15;

    /// All, in the order of [`Features`].
    pub(super) const ALL: [Self; Self::COUNT] = [
        Self::Meaning,
        Self::RelativeMeaning,
        Self::Whole,
        Self::Part,
        Self::IndexWhole,
        Self::IndexPart,
        Self::Coverage,
        Self::Neighbours,
        Self::Exact,
        Self::Tags,
        Self::Kind,
        Self::Recency,
        Self::Confirmed,
        Self::Trust,
        Self::Flagged,
    ];

    /// A stable name for explanations.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Meaning => "meaning",
            Self::RelativeMeaning => "relative_meaning",
            Self::Whole => "whole",
            Self::Part => "part",
            Self::IndexWhole => "index_whole",
            Self::IndexPart => "index_part",
            Self::Coverage => "coverage",
            Self::Neighbours => "neighbours",
            Self::Exact => "exact",
            Self::Tags => "tags",
            Self::Kind => "kind",
            Self::Recency => "recency",
            Self::Confirmed => "confirmed",
            Self::Trust => "trust",
            Self::Flagged => "flagged",
        }
    }
}

/// The values of one candidate, indexed as [`Feature::ALL`].
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Features([f32; Feature::COUNT]);

impl Features {
    pub(super) fn get(&self, feature: Feature) -> f32 {
        self.0[feature as usize]
    }
}

/// The features of all candidates, in their order.
///
/// Scores of words and cosines are taken against the other candidates': what matters is who wins within a question.
/// How rare a word is, is counted among the candidates: they are the part of the memories that the question is
/// about, and what all of them have in common does not tell them apart.
pub(super) fn features(
    asking: &Asking,
    candidates: &[MemoryCandidate],
    readings: &[Reading],
    now: TimestampMs,
) -> Vec<Features> {
    let words = Corpus::of_wholes(asking, readings);
    let part_words = Corpus::of_parts(asking, readings);
    let whole: Vec<f32> = readings
        .iter()
        .map(|reading| words.bm25(reading.length, |word| reading.count(word)))
        .collect();
    let part: Vec<f32> = readings
        .iter()
        .map(|reading| {
            let scores = reading
                .parts
                .iter()
                .map(|part| part_words.bm25(part.length, |word| part.counts[word]));
            scores.fold(0.0, f32::max)
        })
        .collect();
    let (best_whole, best_part) = (best(whole.iter().copied()), best(part.iter().copied()));
    let best_index_whole = best(candidates.iter().filter_map(|candidate| candidate.whole));
    let best_index_part = best(candidates.iter().filter_map(|candidate| candidate.part));
    let lowest = candidates.iter().filter_map(|c| c.cosine).fold(f32::INFINITY, f32::min);
    let highest = candidates
        .iter()
        .filter_map(|c| c.cosine)
        .fold(f32::NEG_INFINITY, f32::max);
    let all = readings.iter().zip(candidates).zip(whole.iter().zip(&part));
    all.map(|((reading, candidate), (whole, part))| {
        let memory = &candidate.memory;
        let mut features = Features::default();
        let mut set = |feature: Feature, value: f32| features.0[feature as usize] = value.clamp(0.0, 1.0);
        if let Some(cosine) = candidate.cosine {
            set(Feature::Meaning, cosine);
            let span = (highest - lowest).max(LEAST_SPAN);
            set(Feature::RelativeMeaning, 1.0 - (highest - cosine) / span);
        }
        set(Feature::Whole, whole / best_whole);
        set(Feature::Part, part / best_part);
        set(Feature::IndexWhole, candidate.whole.unwrap_or(0.0) / best_index_whole);
        set(Feature::IndexPart, candidate.part.unwrap_or(0.0) / best_index_part);
        set(Feature::Coverage, words.share(|word| reading.count(word) > 0));
        set(
            Feature::Neighbours,
            words.share(|word| reading.neighbours & (1 << word) != 0),
        );
        set(Feature::Tags, words.share(|word| reading.in_tags & (1 << word) != 0));
        set(
            Feature::Exact,
            reading.exact.len() as f32 / asking.exact.len().max(1) as f32,
        );
        set(Feature::Kind, f32::from(u8::from(asking.kind == Some(memory.kind))));
        if asking.wants_recent {
            let days = (now.saturating_sub(as_of(memory))).max(0) as f32 / DAY_MS;
            set(Feature::Recency, HALF_AS_NEW / (HALF_AS_NEW + days));
        }
        let confirmations = memory.confirmations.min(ENOUGH_CONFIRMATIONS);
        set(Feature::Confirmed, confirmations as f32 / ENOUGH_CONFIRMATIONS as f32);
        set(Feature::Trust, memory.trust);
        set(Feature::Flagged, f32::from(u8::from(!memory.flags.is_empty())));
        features
    })
    .collect()
}

/// When a memory was last known to hold: when it was created, changed or confirmed.
///
/// An import is stored later than what it tells was so: its creation counts, not its storing.
pub(super) fn as_of(memory: &Memory) -> TimestampMs {
    let changed = if memory.version > 1 {
        memory.updated_at
    } else {
        memory.created_at
    };
    memory
        .confirmed_at
        .map_or(changed, |confirmed_at| confirmed_at.max(changed))
}

fn best(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(f32::MIN_POSITIVE, f32::max)
}

/// How much each asked word tells candidates (or their parts) apart, and how long they are.
struct Corpus {
    /// Weight times idf, of every asked word.
    rarity: Vec<f32>,
    total: f32,
    mean_length: f32,
}

impl Corpus {
    fn of_wholes(asking: &Asking, readings: &[Reading]) -> Self {
        let length = readings.iter().map(|reading| reading.length).sum();
        Self::new(asking, readings.len(), length, |word| {
            readings.iter().filter(|reading| reading.count(word) > 0).count()
        })
    }

    fn of_parts(asking: &Asking, readings: &[Reading]) -> Self {
        let parts = || readings.iter().flat_map(|reading| &reading.parts);
        let length = parts().map(|part| part.length).sum();
        Self::new(asking, parts().count(), length, |word| {
            parts().filter(|part| part.counts[word] > 0).count()
        })
    }

    fn new(asking: &Asking, n_texts: usize, length: usize, n_with: impl Fn(usize) -> usize) -> Self {
        let rarity: Vec<f32> = asking
            .words
            .iter()
            .enumerate()
            .map(|(index, word)| {
                let (all, with) = (n_texts as f32, n_with(index) as f32);
                word.weight * (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
            })
            .collect();
        Self {
            total: best(std::iter::once(rarity.iter().sum())),
            rarity,
            mean_length: (length as f32 / n_texts.max(1) as f32).max(1.0),
        }
    }

    fn bm25(&self, length: usize, count: impl Fn(usize) -> u16) -> f32 {
        let norm = SATURATION * (1.0 - LENGTH_NORM + LENGTH_NORM * length as f32 / self.mean_length);
        let words = self.rarity.iter().enumerate();
        words
            .map(|(word, rarity)| {
                let count = f32::from(count(word));
                rarity * count * (SATURATION + 1.0) / (count + norm)
            })
            .sum()
    }

    /// Share of what is asked, by rarity, that satisfies a condition.
    fn share(&self, holds: impl Fn(usize) -> bool) -> f32 {
        let words = self.rarity.iter().enumerate();
        words
            .filter(|(word, _)| holds(*word))
            .map(|(_, rarity)| rarity)
            .sum::<f32>()
            / self.total
    }
}
