//! What the system allows: open files, watched directories, memory.

use super::{Finding, size};
use rustix::process::{Resource, getrlimit};
use std::fs;

/// Stores of a repository keep a few dozen files open, each connection one.
const FEW_FILES: u64 = 1_024;

/// Directories of a large repository that are not ignored; more repositories need more.
const FEW_WATCHES: u64 = 16_384;

/// One watcher per repository and those of editors and build tools beside it.
const FEW_INSTANCES: u64 = 64;

/// Less than this and loading the model may push out what the user works with.
const LITTLE_MEMORY: u64 = 512 << 20;

pub(super) fn examine() -> impl Iterator<Item = Finding> {
    let files = open_files(getrlimit(Resource::Nofile).current);
    let memory = fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory(&text));
    [Some(files), memory].into_iter().flatten()
}

/// Whether more directories may be watched than the `n_watched` that are; `None` where there is no such limit.
pub(super) fn watching(n_watched: u64) -> Option<Finding> {
    cfg!(target_os = "linux").then(|| {
        let read = |name| number(&format!("/proc/sys/fs/inotify/{name}"));
        watches(read("max_user_watches"), read("max_user_instances"), n_watched)
    })
}

fn open_files(limit: Option<u64>) -> Finding {
    let subject = "open files";
    match limit {
        None => Finding::good(subject, "no limit"),
        Some(limit) if limit >= FEW_FILES => Finding::good(subject, format!("{limit} allowed")),
        Some(limit) => Finding::warning(
            subject,
            format!("only {limit} allowed"),
            format!(
                "raise the limit to {FEW_FILES} or more with `ulimit -n {FEW_FILES}` before the daemon starts, or LimitNOFILE= in its unit"
            ),
        ),
    }
}

fn watches(watches: Option<u64>, instances: Option<u64>, n_watched: u64) -> Finding {
    let subject = "watch limit";
    let (Some(watches), Some(instances)) = (watches, instances) else {
        return Finding::warning(
            subject,
            "the system does not tell how many directories may be watched",
            "none needed: roots that cannot be watched are looked at now and then",
        );
    };
    let detail = format!("{watches} directories, of which codemem watches {n_watched}; {instances} watchers");
    // Editors and build tools want some as well.
    let has_room = n_watched.saturating_mul(2) <= watches;
    if has_room && watches >= FEW_WATCHES && instances >= FEW_INSTANCES {
        return Finding::good(subject, detail);
    }
    Finding::warning(
        subject,
        format!("only {detail}"),
        "run `sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512`, and keep it in /etc/sysctl.d",
    )
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// From the text of `/proc/meminfo`.
fn memory(meminfo: &str) -> Option<Finding> {
    let kibibytes = |key: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    let (available, total) = (kibibytes("MemAvailable:")? << 10, kibibytes("MemTotal:")? << 10);
    let detail = format!("{} of {} available", size(available), size(total));
    Some(if available >= LITTLE_MEMORY {
        Finding::good("memory", detail)
    } else {
        Finding::warning(
            "memory",
            detail,
            "close other programs while a large repository is indexed, or lower models.threads in the configuration",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    #[test]
    fn limits_are_judged() {
        for (finding, expected) in [
            (open_files(None), Verdict::Good),
            (open_files(Some(1_048_576)), Verdict::Good),
            (open_files(Some(256)), Verdict::Warning),
            (watches(Some(524_288), Some(512), 1_000), Verdict::Good),
            (watches(Some(524_288), Some(512), 262_144), Verdict::Good),
            (watches(Some(524_288), Some(512), 262_145), Verdict::Warning),
            (watches(Some(8_192), Some(512), 0), Verdict::Warning),
            (watches(Some(524_288), Some(8), 0), Verdict::Warning),
            (watches(None, None, 0), Verdict::Warning),
        ] {
            assert_eq!(finding.verdict, expected, "{finding:?}");
            assert_eq!(finding.remedy.is_empty(), expected == Verdict::Good, "{finding:?}");
        }
    }

    #[test]
    fn memory_is_read_from_the_kernels_table() {
        let table = "MemTotal:       16384000 kB\nMemFree:  1 kB\nMemAvailable:    8192000 kB\n";
        let finding = memory(table).expect("both lines are there");
        assert_eq!((finding.verdict, finding.subject), (Verdict::Good, "memory"));
        let tight = table.replace("8192000", "100000");
        assert_eq!(memory(&tight).expect("both lines").verdict, Verdict::Warning);
        assert_eq!(memory("nothing"), None);
    }

    #[test]
    fn this_machine_can_be_examined() {
        assert!(examine().count() >= 1);
    }
}
