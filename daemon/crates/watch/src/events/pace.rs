//! Not hinting at the same file all the time.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between two hints at a file that is written all the time.
const APART: Duration = Duration::from_millis(100);

/// Hints in a row after which a file counts as written all the time. Saving and then formatting is two.
const IN_A_ROW: u32 = 2;

/// Files remembered before the ones of long ago are forgotten.
const MOST_REMEMBERED: usize = 4096;

/// Which files were hinted at lately, and which are to be hinted at later.
#[derive(Default)]
pub(super) struct Pace {
    /// When a path was last hinted at, and how many times in a row.
    lately: HashMap<PathBuf, (Instant, u32)>,
    /// When a path is to be hinted at.
    later: BTreeMap<PathBuf, Instant>,
    /// When what was long ago was last forgotten.
    tidied: Option<Instant>,
}

impl Pace {
    /// Whether a path is to be hinted at now; it comes up by itself later if not.
    pub(super) fn admits(&mut self, path: &Path, now: Instant) -> bool {
        if self.later.contains_key(path) {
            return false;
        }
        let n_before = match self.lately.get(path) {
            Some((last, n_times)) if now.saturating_duration_since(*last) < APART => {
                if *n_times >= IN_A_ROW {
                    self.later.insert(path.to_path_buf(), *last + APART);
                    return false;
                }
                *n_times
            }
            Some(_) | None => 0,
        };
        self.remember(path.to_path_buf(), now, n_before + 1);
        true
    }

    /// The paths whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Vec<PathBuf> {
        let due: Vec<PathBuf> = self
            .later
            .extract_if(.., |_, time| *time <= now)
            .map(|(path, _)| path)
            .collect();
        for path in &due {
            self.remember(path.clone(), now, IN_A_ROW);
        }
        due
    }

    /// When the next path is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.later.values().min().copied()
    }

    /// All that was put off has been said otherwise.
    pub(super) fn clear(&mut self) {
        self.later.clear();
    }

    fn remember(&mut self, path: PathBuf, now: Instant, n_times: u32) {
        if self.lately.len() >= MOST_REMEMBERED && self.tidied.is_none_or(|tidied| now >= tidied + APART) {
            self.tidied = Some(now);
            self.lately
                .retain(|_, (last, _)| now.saturating_duration_since(*last) < APART);
        }
        // One of thousands at the same time is none that is written all the time.
        if self.lately.len() < MOST_REMEMBERED {
            self.lately.insert(path, (now, n_times));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_written_all_the_time_is_hinted_at_now_and_then() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let path = Path::new("log");
        let mut hinted = Vec::new();
        for ms in (0..1_000).step_by(10) {
            let now = start + Duration::from_millis(ms);
            if !pace.due(now).is_empty() || pace.admits(path, now) {
                hinted.push(ms);
            }
        }
        assert!((9..=12).contains(&hinted.len()), "{hinted:?}");
        assert!(
            hinted.windows(2).skip(1).all(|pair| pair[1] - pair[0] == 100),
            "{hinted:?}"
        );
        assert_eq!(
            pace.next(),
            Some(start + Duration::from_millis(hinted[hinted.len() - 1] + 100))
        );
    }

    #[test]
    fn two_saves_in_a_row_are_hinted_at_once_each() {
        let mut pace = Pace::default();
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let path = Path::new("a");
        assert!(pace.admits(path, after(0)) && pace.admits(path, after(60)));
        assert!(!pace.admits(path, after(100)) && !pace.admits(path, after(150)));
        assert!(pace.due(after(159)).is_empty());
        assert_eq!(pace.due(after(160)), [path]);
        assert!(
            pace.admits(path, after(300)) && pace.admits(path, after(350)),
            "it was quiet in between"
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut pace = Pace::default();
        let now = Instant::now();
        for n in 0..10 * MOST_REMEMBERED {
            assert!(pace.admits(Path::new(&n.to_string()), now));
        }
        assert!(pace.lately.len() <= MOST_REMEMBERED);
        assert!(pace.admits(Path::new("a"), now + APART));
        assert_eq!(pace.lately.len(), 1, "what was long ago is forgotten");
    }
}
