//! How far a long action is: a bar where a person watches, a line now and then elsewhere.

use super::Output;
use super::human::{bytes, count, counted, seconds};
use super::style::clean;
use codemem_proto::v1;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Time between two lines about the same step: a log stays readable, and nobody thinks it hangs.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Times a bar is drawn a second, at most.
const DRAWS_PER_SECOND: u8 = 10;

/// Shows progress until it is dropped.
pub(crate) struct Progress<'a> {
    shown: Shown<'a>,
}

enum Shown<'a> {
    Bar(ProgressBar),
    Lines { output: &'a mut Output, pace: Pace },
    Nothing,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(output: &'a mut Output) -> Self {
        // A terminal that cannot move its cursor gets lines.
        let bar = output.is_watched.then(bar).filter(|bar| !bar.is_hidden());
        let shown = match bar {
            _ if output.quiet => Shown::Nothing,
            Some(bar) => Shown::Bar(bar),
            None => {
                let pace = Pace::default();
                Shown::Lines { output, pace }
            }
        };
        Self { shown }
    }

    /// An index pass.
    pub(crate) fn index(&mut self, progress: &v1::Progress) {
        let (done, total) = measure(progress);
        self.show(phase(progress.phase()), done, total, || describe(progress));
    }

    /// Setup or an import.
    pub(crate) fn setup(&mut self, progress: &v1::SetupProgress) {
        self.show(&progress.step, progress.done, progress.total, || {
            describe_setup(progress)
        });
    }

    fn show(&mut self, step: &str, done: u64, total: u64, text: impl FnOnce() -> String) {
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_message(text());
                // A bar of unknown length stays empty.
                bar.set_length(total.max(1));
                bar.set_position(done.min(total));
            }
            Shown::Lines { output, pace } => {
                if pace.is_due(step, Instant::now()) {
                    output.note(&text());
                }
            }
            Shown::Nothing => {}
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        match &self.shown {
            Shown::Bar(bar) => bar.finish_and_clear(),
            Shown::Lines { .. } | Shown::Nothing => {}
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(DRAWS_PER_SECOND));
    let style = ProgressStyle::with_template("{bar:20} {wide_msg}").expect("the template is valid");
    bar.set_style(style.progress_chars("━╸ "));
    bar
}

/// When a line is due: at each new step, and every few seconds within one.
#[derive(Default)]
struct Pace {
    step: String,
    last: Option<Instant>,
}

impl Pace {
    fn is_due(&mut self, step: &str, now: Instant) -> bool {
        let is_due = step != self.step || self.last.is_none_or(|last| now.duration_since(last) >= LINE_EVERY);
        if is_due {
            step.clone_into(&mut self.step);
            self.last = Some(now);
        }
        is_due
    }
}

fn phase(phase: v1::Phase) -> &'static str {
    match phase {
        v1::Phase::Unspecified => "working",
        v1::Phase::Idle => "done",
        v1::Phase::Queued => "waiting for its turn",
        v1::Phase::Scan => "listing files",
        v1::Phase::Lexical => "reading",
        v1::Phase::Setup => "fetching the model",
        v1::Phase::Vectors => "vectors",
    }
}

/// What the bar shows: vectors go by chunks, a download by bytes, everything else by files.
fn measure(progress: &v1::Progress) -> (u64, u64) {
    match progress.phase() {
        v1::Phase::Vectors | v1::Phase::Setup => (progress.chunks_done, progress.chunks_total),
        v1::Phase::Unspecified | v1::Phase::Idle | v1::Phase::Queued | v1::Phase::Scan | v1::Phase::Lexical => {
            (progress.files_done, progress.files_total)
        }
    }
}

/// A pass's progress in one line: phase, files, chunks, rate, time left.
pub(super) fn describe(progress: &v1::Progress) -> String {
    let mut parts = Vec::new();
    if progress.phase() == v1::Phase::Setup && progress.chunks_total > 0 {
        let (done, total) = (bytes(progress.chunks_done), bytes(progress.chunks_total));
        return format!("{}: {done} of {total}", phase(progress.phase()));
    }
    if progress.files_total > 0 {
        let (done, total) = (count(progress.files_done), counted(progress.files_total, "file"));
        parts.push(format!("{done}/{total}"));
    } else if progress.files_done > 0 {
        parts.push(counted(progress.files_done, "file"));
    }
    if progress.chunks_total > 0 {
        let (done, total) = (count(progress.chunks_done), counted(progress.chunks_total, "chunk"));
        parts.push(format!("{done}/{total}"));
    } else if progress.chunks_done > 0 {
        parts.push(counted(progress.chunks_done, "chunk"));
    }
    if progress.rate > 0.0 {
        parts.push(format!("{}/s", count(progress.rate.round().max(1.0) as u64)));
    }
    // Zero is also what a message without the field says.
    if progress.eta_seconds > 0.0 {
        parts.push(format!("{} left", seconds(progress.eta_seconds)));
    }
    let phase = phase(progress.phase());
    if parts.is_empty() {
        phase.to_owned()
    } else {
        format!("{phase}: {}", parts.join(", "))
    }
}

fn describe_setup(progress: &v1::SetupProgress) -> String {
    let step = clean(&progress.step);
    match (progress.done, progress.total) {
        (0, 0) => step.into_owned(),
        (done, 0) => format!("{step}: {}", bytes(done)),
        (done, total) => format!("{step}: {} of {}", bytes(done), bytes(total)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::captured;
    use super::*;

    fn lexical() -> v1::Progress {
        v1::Progress {
            phase: v1::Phase::Lexical.into(),
            files_done: 1,
            files_total: 2000,
            chunks_done: 12_345,
            chunks_total: 0,
            seconds: 1.0,
            rate: 15_000.4,
            eta_seconds: 0.4,
        }
    }

    #[test]
    fn progress_in_words() {
        assert_eq!(
            describe(&lexical()),
            "reading: 1/2,000 files, 12,345 chunks, 15,000/s, 400 ms left"
        );
        let queued = v1::Progress {
            phase: v1::Phase::Queued.into(),
            eta_seconds: -1.0,
            ..v1::Progress::default()
        };
        assert_eq!(describe(&queued), "waiting for its turn");
        let model = v1::Progress {
            phase: v1::Phase::Setup.into(),
            chunks_done: 1024,
            chunks_total: 4096,
            ..v1::Progress::default()
        };
        assert_eq!(describe(&model), "fetching the model: 1.0 KiB of 4.0 KiB");
        let fetching = v1::SetupProgress {
            step: "fetching onnxruntime".to_owned(),
            done: 1024,
            total: 4096,
        };
        assert_eq!(describe_setup(&fetching), "fetching onnxruntime: 1.0 KiB of 4.0 KiB");
    }

    #[test]
    fn lines_come_at_each_step_and_now_and_then() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut pace = Pace::default();
        let looks = [("a", 0), ("a", 1), ("b", 2), ("b", 6), ("b", 7), ("b", 8), ("a", 9)];
        let due: Vec<bool> = looks.iter().map(|(step, at)| pace.is_due(step, after(*at))).collect();
        assert_eq!(due, [true, false, true, false, true, false, true]);
    }

    #[test]
    fn without_a_terminal_there_are_lines_on_stderr() {
        let (mut output, answers, remarks) = captured(true, false);
        let mut progress = Progress::new(&mut output);
        progress.index(&lexical());
        progress.index(&lexical());
        drop(progress);
        assert_eq!(answers.text(), "");
        assert_eq!(remarks.text().lines().count(), 1);
        let (mut output, _, remarks) = captured(true, true);
        Progress::new(&mut output).index(&lexical());
        assert_eq!(remarks.text(), "");
    }
}
