//! Where backups are and what they are called.
//!
//! Backups that were not given a path lie in a directory of their own beside the database, named by the time. The newest
//! one that went elsewhere is noted there, so that it can be named when the database is damaged.

use super::schema::BACKUPS_NAME;
use crate::error::{StoreError, StoreResult};
use crate::files;
use codemem_core::error::chain;
use codemem_core::memory::TimestampMs;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const START: &str = "memories-";
const END: &str = ".db";

/// The file that names the newest backup elsewhere.
const ELSEWHERE: &str = "elsewhere.json";

/// Most backups of one millisecond.
const MOST_AT_A_TIME: u32 = 1_000;

const MS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// A path for a backup beside the database that nothing has yet; makes the directory.
pub(super) fn new_path(directory: &Path, kind: &str, now: TimestampMs) -> StoreResult<PathBuf> {
    let backups = directory.join(BACKUPS_NAME);
    files::create_private_directory(&backups)?;
    let name = format!("{kind}{}", stamp(now));
    let taken = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let path = std::iter::once(String::new())
        .chain((2..=MOST_AT_A_TIME).map(|n| format!("-{n}")))
        .map(|suffix| backups.join(format!("{name}{suffix}{END}")))
        .find(|path| !taken(path));
    path.ok_or(StoreError::FileExists { path: backups })
}

/// [`new_path`] of a backup.
pub(super) fn new_backup(directory: &Path, now: TimestampMs) -> StoreResult<PathBuf> {
    new_path(directory, START, now)
}

/// [`new_path`] of a damaged database that is about to be replaced.
pub(super) fn new_damaged(directory: &Path, now: TimestampMs) -> StoreResult<PathBuf> {
    new_path(directory, "damaged-", now)
}

/// The newest backup that is there, and when it was made.
pub(super) fn newest(directory: &Path) -> Option<(PathBuf, TimestampMs)> {
    let backups = directory.join(BACKUPS_NAME);
    let entries = fs::read_dir(&backups).into_iter().flatten().flatten();
    let beside = entries.filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?.strip_prefix(START)?.strip_suffix(END)?;
        Some((parse_stamp(name)?, nth_at_that_time(name), entry.path()))
    });
    let (at, _, path) = beside.chain(elsewhere(&backups)).max()?;
    Some((path, at))
}

/// Of several backups of one millisecond, the later ones count up at their ends.
fn nth_at_that_time(name: &str) -> u32 {
    name.split('-').nth(3).and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// Notes a backup that went elsewhere. One that cannot be noted is a backup all the same.
pub(super) fn note_elsewhere(directory: &Path, path: &Path, at: TimestampMs) {
    let backups = directory.join(BACKUPS_NAME);
    let Some(text) = path.to_str() else { return };
    let note = format!("{:#}\n", json!({ "path": text, "at": at }));
    let noted = files::create_private_directory(&backups)
        .and_then(|()| files::replace_file(&backups.join(ELSEWHERE), note.as_bytes()));
    if let Err(error) = noted {
        tracing::warn!(error = chain(&error), "where the newest backup is could not be noted");
    }
}

fn elsewhere(backups: &Path) -> Option<(TimestampMs, u32, PathBuf)> {
    let note: Value = serde_json::from_slice(&fs::read(backups.join(ELSEWHERE)).ok()?).ok()?;
    let path = PathBuf::from(note["path"].as_str()?);
    let at = note["at"].as_i64()?;
    (path.is_absolute() && path.is_file()).then_some((at, 1, path))
}

/// `20261121-151452-123` in UTC.
fn stamp(at: TimestampMs) -> String {
    let (days, ms) = (at.div_euclid(MS_PER_DAY), at.rem_euclid(MS_PER_DAY));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!(
        "{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}-{:03}",
        ms % 1000
    )
}

fn parse_stamp(text: &str) -> Option<TimestampMs> {
    let mut pieces = text.split('-');
    let (date, time, ms) = (pieces.next()?, pieces.next()?, pieces.next()?);
    if date.len() < 8 || time.len() != 6 || !date.is_ascii() || !time.is_ascii() {
        return None;
    }
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
    let (year, month_day) = date.split_at(date.len() - 4);
    let (month, day) = (number(&month_day[..2])?, number(&month_day[2..])?);
    let days = days(number(year)?, month, day);
    let seconds = number(&time[..2])? * 3600 + number(&time[2..4])? * 60 + number(&time[4..])?;
    Some(days * MS_PER_DAY + seconds * 1000 + number(ms)?)
}

/// Days of an era of the Gregorian calendar: 400 years.
const DAYS_PER_ERA: i64 = 146_097;

/// Days from the first of March of the year 0 to 1970.
const DAYS_TO_1970: i64 = 719_468;

/// The date of a day since 1970. Years begin in March here, so that the day that not every year has is the last.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + DAYS_TO_1970;
    let (era, day) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, is_next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + is_next, month, day_of_month)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - DAYS_TO_1970
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stamps_are_dates() {
        let table = [
            (0, "19700101-000000-000"),
            (951_782_400_000, "20000229-000000-000"),
            (1_795_273_492_123, "20261121-150452-123"),
            (-1, "19691231-235959-999"),
        ];
        for (at, text) in table {
            assert_eq!(stamp(at), text);
            assert_eq!(parse_stamp(text), Some(at));
        }
        for text in [
            "",
            "2026-1-1",
            "20261121-1504-1",
            "x0261121-150452-123",
            "20261121-150452",
        ] {
            assert_eq!(parse_stamp(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_time_comes_back(at in 0_i64..250_000_000_000_000) {
            prop_assert_eq!(parse_stamp(&stamp(at)), Some(at));
        }
    }

    #[test]
    fn the_newest_is_found_wherever_it_went_while_it_is_there() {
        let root = tempfile::tempdir().expect("temporary directory");
        let directory = root.path();
        assert_eq!(newest(directory), None);
        let make = |path: &Path| fs::write(path, "a backup").expect("written");
        let first = new_backup(directory, 1_000).expect("free");
        make(&first);
        let second = new_backup(directory, 1_000).expect("another name");
        assert_ne!(first, second);
        make(&second);
        make(&new_damaged(directory, 9_000).expect("free"));
        make(
            &directory
                .join(BACKUPS_NAME)
                .join("memories-99999999-999999-999.db.unfinished"),
        );
        assert_eq!(newest(directory), Some((second, 1_000)));
        let elsewhere = directory.join("elsewhere.db");
        make(&elsewhere);
        note_elsewhere(directory, &elsewhere, 2_000);
        assert_eq!(newest(directory), Some((elsewhere.clone(), 2_000)));
        fs::remove_file(&elsewhere).expect("removed");
        assert_eq!(newest(directory).map(|found| found.1), Some(1_000));
    }
}
