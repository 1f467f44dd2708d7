//! From candidates to an answer: scores, the floor, what is folded, what contradicts, what fits the budget.

mod evidence;
mod likeness;
mod question;
mod reading;
mod reason;
mod weights;

pub use likeness::{contradicts, nearly_same};

use crate::memory::parts::Words;
use crate::memory::{Memory, MemoryId, TimestampMs};
use crate::ports::MemoryCandidate;
use evidence::{Feature, Features};
use likeness::Statement;
use question::Asking;
use reading::Reading;

/// Most candidates that are read: reading one of 32 KiB takes about a millisecond.
const MAX_READ: usize = 64;

/// Most memories that stand together because they contradict each other.
const MAX_GROUP: usize = 3;

/// How tokens of a content are counted.
const BYTES_PER_TOKEN: usize = 4;

/// Characters of a title.
const TITLE: usize = 80;

/// What was asked, and how much may be answered.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The question.
    pub query: &'a str,
    /// The time.
    pub now: TimestampMs,
    /// Most hits.
    pub limit: usize,
    /// Most tokens of content, four bytes each; 0: no limit.
    pub token_budget: usize,
    /// Whether hits below the floor are kept back.
    pub use_floor: bool,
}

/// One hit.
#[derive(Clone, PartialEq, Debug)]
pub struct Ranked {
    /// The memory.
    pub memory: Memory,
    /// How likely it answers, 0 to 1; comparable between answers.
    pub score: f32,
    /// Why it is here, in a few words.
    pub reason: String,
    /// Hits of this answer that seem to say the opposite.
    pub contradicts: Vec<MemoryId>,
    /// Memories that say nearly the same and are left out.
    pub folded: Vec<MemoryId>,
    /// Features that are not zero: name, value, share of the score.
    pub features: Vec<(&'static str, f32, f32)>,
}

/// The answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    /// Best first.
    pub hits: Vec<Ranked>,
    /// What no room was left for: id, title, score.
    pub more: Vec<(MemoryId, String, f32)>,
}

/// Ranks candidates: best first, at most [`Asked::limit`], nothing when nothing is likely to answer.
///
/// Near-duplicates are folded into the better one. Of two that contradict each other the newer one comes first, and
/// both are there. An answer that is over the token budget has its weakest hits in [`Answer::more`].
pub fn answer(candidates: Vec<MemoryCandidate>, asked: &Asked<'_>) -> Answer {
    let asking = Asking::read(asked.query);
    let candidates = strongest(candidates);
    let has_vectors = candidates.iter().any(|candidate| candidate.cosine.is_some());
    let mut words = Words::default();
    let readings: Vec<Reading> = candidates
        .iter()
        .map(|candidate| Reading::of(&mut words, &asking, &candidate.memory))
        .collect();
    let features = evidence::features(&asking, &candidates, &readings, asked.now);
    let mut scored: Vec<Scored> = candidates
        .into_iter()
        .zip(readings)
        .zip(features)
        .map(|((candidate, reading), features)| Scored::new(&asking, candidate.memory, reading, features, has_vectors))
        .collect();
    scored.sort_by(|left, right| {
        let newer = right.memory.created_at.cmp(&left.memory.created_at);
        let order = right.worth.total_cmp(&left.worth).then(newer);
        order.then_with(|| left.memory.id.cmp(&right.memory.id))
    });
    let evidence = scored
        .iter()
        .take(weights::N_WITNESSES)
        .map(|hit| weights::evidence(&asking, &hit.features, hit.reading.parts.len() > 1, has_vectors))
        .fold(0.0, f32::max);
    let confidence = weights::confidence(evidence);
    let best = scored.first().map_or(1.0, |hit| hit.worth.max(f32::MIN_POSITIVE));
    if asked.use_floor {
        if confidence < weights::FLOOR {
            return Answer::default();
        }
        scored.retain(|hit| hit.worth >= best * weights::TOO_WEAK);
    }
    for hit in &mut scored {
        hit.score = (confidence * hit.worth / best).clamp(0.0, 1.0);
    }
    let scored = pair(fold(scored), asked.limit);
    budget(&asking, scored, asked)
}

/// The candidates that are worth reading: the best by vectors and by words.
fn strongest(mut candidates: Vec<MemoryCandidate>) -> Vec<MemoryCandidate> {
    if candidates.len() > MAX_READ {
        let best = |value: fn(&MemoryCandidate) -> Option<f32>| {
            candidates.iter().filter_map(value).fold(f32::MIN_POSITIVE, f32::max)
        };
        let (cosine, whole, part) = (best(|c| c.cosine), best(|c| c.whole), best(|c| c.part));
        let strength = |candidate: &MemoryCandidate| {
            candidate.cosine.unwrap_or(0.0) / cosine
                + candidate.whole.unwrap_or(0.0) / whole
                + candidate.part.unwrap_or(0.0) / part
        };
        candidates.sort_by(|left, right| strength(right).total_cmp(&strength(left)));
        candidates.truncate(MAX_READ);
    }
    candidates
}

/// A candidate on its way into the answer.
struct Scored {
    memory: Memory,
    reading: Reading,
    features: Features,
    shares: Vec<(Feature, f32)>,
    /// What decides the order.
    worth: f32,
    score: f32,
    statement: Statement,
    contradicts: Vec<MemoryId>,
    folded: Vec<MemoryId>,
}

impl Scored {
    fn new(asking: &Asking, memory: Memory, reading: Reading, features: Features, has_vectors: bool) -> Self {
        let shares = weights::shares(asking, &features, has_vectors);
        Self {
            worth: shares.iter().map(|(_, share)| share).sum(),
            score: 0.0,
            statement: Statement::of(&memory.content),
            contradicts: Vec::new(),
            folded: Vec::new(),
            memory,
            reading,
            features,
            shares,
        }
    }

    fn into_ranked(self, asking: &Asking) -> Ranked {
        let share = |feature: Feature| {
            let mut shares = self.shares.iter().filter(|(of, _)| *of == feature);
            shares.next().map_or(0.0, |(_, share)| *share)
        };
        let features = Feature::ALL
            .iter()
            .map(|&feature| (feature.name(), self.features.get(feature), share(feature)));
        Ranked {
            reason: reason::reason(asking, &self.reading, &self.features, &self.memory),
            features: features.filter(|(_, value, _)| *value != 0.0).collect(),
            memory: self.memory,
            score: self.score,
            contradicts: self.contradicts,
            folded: self.folded,
        }
    }
}

/// Leaves out what says nearly the same as a better one.
fn fold(scored: Vec<Scored>) -> Vec<Scored> {
    let mut kept: Vec<Scored> = Vec::new();
    for hit in scored {
        match kept
            .iter_mut()
            .find(|better| better.statement.nearly_same(&hit.statement))
        {
            Some(better) => better.folded.push(hit.memory.id),
            None => kept.push(hit),
        }
    }
    kept
}

/// Cuts at the limit, and sees to it that of two that contradict each other both are there, side by side, the newer
/// one first.
fn pair(mut scored: Vec<Scored>, limit: usize) -> Vec<Scored> {
    let mut shown: Vec<Scored> = Vec::new();
    while !scored.is_empty() && shown.len() < limit {
        let mut group = vec![scored.remove(0)];
        let mut index = 0;
        while index < scored.len() && group.len() < MAX_GROUP {
            if group[0].statement.contradicts(&scored[index].statement) {
                group.push(scored.remove(index));
            } else {
                index += 1;
            }
        }
        let ids: Vec<MemoryId> = group.iter().map(|hit| hit.memory.id.clone()).collect();
        for (index, hit) in group.iter_mut().enumerate() {
            // What contradicts the first need not contradict the others.
            hit.contradicts = if index == 0 {
                ids[1..].to_vec()
            } else {
                vec![ids[0].clone()]
            };
        }
        // The newer one may be right however well the older one fits: they share the place.
        let score = group[0].score;
        group.sort_by_key(|hit| std::cmp::Reverse(evidence::as_of(&hit.memory)));
        for hit in &mut group {
            hit.score = score;
        }
        shown.extend(group);
    }
    if shown.len() > limit {
        // A pair is not torn apart where the one before it can stand back.
        let is_pair = |first: &Scored, second: &Scored| second.contradicts.contains(&first.memory.id);
        let stands_alone = limit > 2 && shown[limit - 2].contradicts.is_empty();
        if stands_alone && is_pair(&shown[limit - 1], &shown[limit]) {
            shown.remove(limit - 2);
        }
        shown.truncate(limit);
    }
    shown
}

/// Shows what fits, and names the rest.
fn budget(asking: &Asking, scored: Vec<Scored>, asked: &Asked<'_>) -> Answer {
    let mut answer = Answer::default();
    let mut left = asked.token_budget;
    for hit in scored {
        let tokens = hit.memory.content.len().div_ceil(BYTES_PER_TOKEN);
        if asked.token_budget > 0 && tokens > left {
            answer
                .more
                .push((hit.memory.id.clone(), hit.memory.title(TITLE), hit.score));
        } else {
            left = left.saturating_sub(tokens);
            answer.hits.push(hit.into_ranked(asking));
        }
    }
    answer
}

#[cfg(test)]
pub(super) mod fixture;
#[cfg(test)]
mod tests;
