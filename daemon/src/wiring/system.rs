//! What strains the machine: the [`SystemLoad`] port over what Linux tells in `/proc` and `/sys`.
//!
//! Other systems tell nothing here, and nothing is paused on them. Small files of the kernel are read on the thread
//! that asks, and no more often than once a second.

use codemem_core::ports::{Strain, SystemLoad};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Percent of the last ten seconds in which some program stood still for want of memory, from which on background work
/// waits. Without pressure it is 0; from 10 a person notices that windows and terminals hang.
const MEMORY_PRESSURE: f64 = 10.0;

/// How long an answer counts: the kernel's averages change every two seconds, and a charger is not plugged in oftener.
const FRESH: Duration = Duration::from_secs(1);

/// The kernel's answers.
pub(super) struct Machine {
    /// The pressure of memory, as `/proc/pressure/memory`.
    pressure: PathBuf,
    /// A directory for each source of power, as `/sys/class/power_supply`.
    power: PathBuf,
    /// How long an answer counts.
    fresh: Duration,
    /// Whether running on the battery counts.
    spares_battery: AtomicBool,
    /// The last answer.
    last: Mutex<Option<(Instant, Option<Strain>)>>,
}

impl Machine {
    /// This machine.
    pub(super) fn this(spares_battery: bool) -> Self {
        let this = Self::at("/proc/pressure/memory", "/sys/class/power_supply", FRESH);
        this.spare_battery(spares_battery);
        this
    }

    /// From now on, whether running on the battery counts.
    pub(super) fn spare_battery(&self, spares_battery: bool) {
        self.spares_battery.store(spares_battery, Ordering::Relaxed);
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn at(pressure: impl Into<PathBuf>, power: impl Into<PathBuf>, fresh: Duration) -> Self {
        Self {
            pressure: pressure.into(),
            power: power.into(),
            fresh,
            spares_battery: AtomicBool::new(true),
            last: Mutex::new(None),
        }
    }

    fn look(&self) -> Option<Strain> {
        // Kernels without such accounts have no such file, and some allow it to nobody.
        let pressure = fs::read_to_string(&self.pressure).unwrap_or_default();
        if some_avg10(&pressure).is_some_and(|percent| percent >= MEMORY_PRESSURE) {
            return Some(Strain::Memory);
        }
        let spares_battery = self.spares_battery.load(Ordering::Relaxed);
        let on_battery = spares_battery.then(|| charge_left(&supplies(&self.power))).flatten();
        on_battery.map(Strain::Battery)
    }
}

impl SystemLoad for Machine {
    fn strain(&self) -> Option<Strain> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match *last {
            Some((at, strain)) if at.elapsed() < self.fresh => strain,
            Some(_) | None => {
                let strain = self.look();
                *last = Some((Instant::now(), strain));
                strain
            }
        }
    }
}

/// Percent of the last ten seconds in which at least one program stood still, of the kernel's lines on pressure.
fn some_avg10(pressure: &str) -> Option<f64> {
    let some = pressure.lines().find_map(|line| line.strip_prefix("some "))?;
    let average = some.split_whitespace().find_map(|field| field.strip_prefix("avg10="))?;
    average.parse().ok()
}

/// A source of power, in the kernel's words; empty where it says nothing.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
struct Supply {
    /// `Battery`, `Mains`, `USB`, ...
    kind: String,
    /// Whose power it is: `Device` is that of a mouse or a headset.
    scope: String,
    /// Of a battery: `Charging`, `Discharging`, `Full`, `Not charging`, `Unknown`.
    status: String,
    /// Of a battery: percent that are left.
    capacity: String,
    /// Of anything else: `1` while it gives power.
    online: String,
}

/// Every source of power; none where the system does not tell.
fn supplies(directory: &Path) -> Vec<Supply> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let text = |directory: &Path, name: &str| {
        let text = fs::read_to_string(directory.join(name)).unwrap_or_default();
        text.trim().to_owned()
    };
    let supply = |directory: PathBuf| Supply {
        kind: text(&directory, "type"),
        scope: text(&directory, "scope"),
        status: text(&directory, "status"),
        capacity: text(&directory, "capacity"),
        online: text(&directory, "online"),
    };
    entries.map(|entry| supply(entry.path())).collect()
}

/// Percent left in the emptiest of the machine's own batteries that are being emptied; `None` where there is none, or
/// something else gives power. A battery that does not say counts as full.
fn charge_left(supplies: &[Supply]) -> Option<u8> {
    let is_own = |supply: &&Supply| supply.scope != "Device";
    let (batteries, others): (Vec<&Supply>, Vec<&Supply>) = supplies
        .iter()
        .filter(is_own)
        .partition(|supply| supply.kind == "Battery");
    if others.iter().any(|other| other.online == "1") {
        return None;
    }
    let emptied = batteries.iter().filter(|battery| battery.status == "Discharging");
    emptied.map(|battery| battery.capacity.parse().unwrap_or(100)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pressure_is_read_from_the_kernels_lines() {
        let lines = |some: &str| {
            format!(
                "some avg10={some} avg60=99.00 avg300=99.00 total=12345\nfull avg10=77.00 avg60=0.00 avg300=0.00 total=0\n"
            )
        };
        for (text, expected) in [
            (lines("0.00"), Some(0.0)),
            (lines("12.34"), Some(12.34)),
            ("full avg10=77.00 avg60=0.00 avg300=0.00 total=0\n".to_owned(), None),
            (lines("much"), None),
            (String::new(), None),
        ] {
            assert_eq!(some_avg10(&text), expected, "{text}");
        }
    }

    fn supply(kind: &str, scope: &str, status: &str, online: &str) -> Supply {
        Supply {
            kind: kind.to_owned(),
            scope: scope.to_owned(),
            status: status.to_owned(),
            capacity: "73".to_owned(),
            online: online.to_owned(),
        }
    }

    #[test]
    fn only_the_machines_own_battery_counts_and_only_while_it_is_emptied() {
        let battery = |status: &str| supply("Battery", "", status, "");
        let mains = |online: &str| supply("Mains", "", "", online);
        for (supplies, expected) in [
            (vec![], false),
            (vec![mains("1")], false),
            (vec![battery("Discharging"), mains("0")], true),
            (vec![battery("Discharging")], true),
            (vec![battery("Full"), battery("Discharging"), mains("0")], true),
            (vec![battery("Charging"), mains("1")], false),
            (vec![battery("Not charging"), mains("1")], false),
            (vec![battery("Unknown"), mains("0")], false),
            // A charger that is too weak: there is no telling how long the battery lasts, and it is plugged in.
            (vec![battery("Discharging"), supply("USB", "", "", "1")], false),
            // A wireless mouse.
            (vec![supply("Battery", "Device", "Discharging", ""), mains("0")], false),
            (vec![battery("Discharging"), supply("USB", "Device", "", "1")], true),
        ] {
            assert_eq!(charge_left(&supplies), expected.then_some(73), "{supplies:?}");
        }
        let with = |capacity: &str| Supply {
            capacity: capacity.to_owned(),
            ..battery("Discharging")
        };
        assert_eq!(charge_left(&[with("90"), with("8"), with("")]), Some(8));
        assert_eq!(charge_left(&[with("")]), Some(100));
    }

    #[test]
    fn a_machine_is_looked_at_in_its_files() {
        let dir = tempfile::tempdir().expect("temp dir");
        let (pressure, power) = (dir.path().join("pressure"), dir.path().join("power"));
        let look = || Machine::at(&pressure, &power, Duration::ZERO).strain();
        assert_eq!(look(), None, "a system that tells nothing is not strained");
        let battery = power.join("BAT0");
        fs::create_dir_all(&battery).expect("directory");
        fs::write(battery.join("type"), "Battery\n").expect("file");
        fs::write(battery.join("status"), "Discharging\n").expect("file");
        fs::write(battery.join("capacity"), "41\n").expect("file");
        assert_eq!(look(), Some(Strain::Battery(41)));
        fs::write(&pressure, "some avg10=10.00 avg60=0.00 avg300=0.00 total=1\n").expect("file");
        assert_eq!(look(), Some(Strain::Memory), "what is worse goes first");
        fs::write(&pressure, "some avg10=9.99 avg60=50.00 avg300=0.00 total=1\n").expect("file");
        fs::write(battery.join("status"), "Charging\n").expect("file");
        assert_eq!(look(), None);
    }

    #[test]
    fn a_battery_counts_only_where_it_is_spared() {
        let dir = tempfile::tempdir().expect("temp dir");
        let battery = dir.path().join("BAT0");
        fs::create_dir(&battery).expect("directory");
        fs::write(battery.join("type"), "Battery\n").expect("file");
        fs::write(battery.join("status"), "Discharging\n").expect("file");
        let machine = Machine::at(dir.path().join("none"), dir.path(), Duration::from_hours(1));
        assert_eq!(machine.strain(), Some(Strain::Battery(100)));
        machine.spare_battery(false);
        assert_eq!(machine.strain(), None, "at once");
        machine.spare_battery(true);
        assert_eq!(machine.strain(), Some(Strain::Battery(100)));
    }

    #[test]
    fn an_answer_counts_for_a_moment() {
        let dir = tempfile::tempdir().expect("temp dir");
        let pressure = dir.path().join("pressure");
        let machine = Machine::at(&pressure, dir.path(), Duration::from_hours(1));
        assert_eq!(machine.strain(), None);
        fs::write(&pressure, "some avg10=90.00 avg60=0.00 avg300=0.00 total=1\n").expect("file");
        assert_eq!(machine.strain(), None);
    }
}
