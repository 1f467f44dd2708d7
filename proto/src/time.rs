//! Points in time as text: RFC 3339, always written in UTC. Pure; nothing here asks what time it is.

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

/// Years that can be written with four digits.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// `2026-11-02T09:15:00Z`, with milliseconds where they are not zero.
pub fn rfc3339(ms: i64) -> String {
    let rest = ms.rem_euclid(DAY_MS);
    let (hours, minutes, seconds) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60);
    let date = date(ms);
    match rest % 1000 {
        0 => format!("{date}T{hours:02}:{minutes:02}:{seconds:02}Z"),
        millis => format!("{date}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z"),
    }
}

/// `2026-11-02`.
pub fn date(ms: i64) -> String {
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Milliseconds since 1970 of an RFC 3339 time. Without an offset it is UTC, and a date alone is its midnight.
/// `None` for anything else, and for years that do not have four digits.
pub fn parse(text: &str) -> Option<i64> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (
        number(parts.next()?, 4)?,
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
    );
    let exists = YEARS.contains(&year) && (1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day);
    if parts.next().is_some() || !exists {
        return None;
    }
    let midnight = days(year, month, day) * DAY_MS;
    Some(midnight + time.map_or(Some(0), time_of_day)?)
}

/// Milliseconds since midnight in UTC; may be negative or more than a day, by the offset.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], offset(&text[at..])?),
        None => (text, 0),
    };
    let (whole, fraction) = match clock.split_once('.') {
        Some((whole, fraction)) => (whole, millis(fraction)?),
        None => (clock, 0),
    };
    let mut parts = whole.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let seconds = parts.next().map_or(Some(0), |seconds| number(seconds, 2))?;
    // 60 is a leap second, which falls together with what follows it.
    let exists = hours < 24 && minutes < 60 && seconds <= 60;
    (exists && parts.next().is_none()).then(|| ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction - offset)
}

/// Milliseconds that `Z`, `+02:00` or `-0730` are ahead of UTC.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first()? {
        b'Z' | b'z' if text.len() == 1 => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text[1..].replacen(':', "", 1);
    let (hours, minutes) = (number(digits.get(..2)?, 2)?, number(digits.get(2..)?, 2)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes) * 60_000)
}

/// The first three digits of a fraction of a second.
fn millis(fraction: &str) -> Option<i64> {
    let is_plain = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let digits: String = fraction.chars().chain("00".chars()).take(3).collect();
    is_plain.then(|| digits.parse().ok())?
}

fn number(text: &str, n_digits: usize) -> Option<i64> {
    let is_plain = text.len() == n_digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok())?
}

fn days_of(year: i64, month: i64) -> i64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970 of a date of the Gregorian calendar. Years begin in March here, so that the leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // The lengths of months repeat every five, 153 days; 719,468 days lie between March of year 0 and 1970.
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day: what [`days`] undoes.
fn civil(days_since_1970: i64) -> (i64, i64, i64) {
    // 146,097 days are 400 years. The estimate is right or too high.
    let mut year = ((days_since_1970 + 719_468) * 400).div_euclid(146_097) + 1;
    while days(year, 3, 1) > days_since_1970 {
        year -= 1;
    }
    let day_of_year = days_since_1970 - days(year, 3, 1);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    if month < 10 {
        (year, month + 3, day)
    } else {
        (year + 1, month - 9, day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_times() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_827_696_007, "2000-02-29T12:34:56.007Z"),
            (1_749_719_700_000, "2025-06-12T09:15:00Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(rfc3339(ms), text);
            assert_eq!(parse(text), Some(ms), "{text}");
        }
        assert_eq!(date(1_749_719_700_000), "2025-06-12");
    }

    #[test]
    fn days_of_every_year_come_back() {
        let all_around_1970 = -1_000..30_000;
        for day in all_around_1970.chain((-719_000..2_900_000).step_by(97)) {
            let ms = day * DAY_MS;
            assert_eq!(parse(&date(ms)), Some(ms), "day {day}");
        }
    }

    #[test]
    fn ways_to_write_a_time() {
        for text in [
            "2025-06-12T09:15:00Z",
            "2025-06-12t09:15:00z",
            "2025-06-12 09:15:00",
            "2025-06-12T09:15",
            "2025-06-12T11:15:00+02:00",
            "2025-06-12T01:45:00.000000-0730",
            "2025-06-12T09:14:60Z",
        ] {
            assert_eq!(parse(text), Some(1_749_719_700_000), "{text}");
        }
        assert_eq!(parse("1970-01-01T00:00:00.5Z"), Some(500));
        assert_eq!(parse("1970-01-01T00:00:00.123456Z"), Some(123));
    }

    #[test]
    fn what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2025-13-01",
            "2025-02-29",
            "2025-6-1",
            "0000-01-01",
            "12025-01-01",
            "2025-06-12T",
            "2025-06-12T24:00:00Z",
            "2025-06-12T09:61:00Z",
            "2025-06-12T09:15:00.Z",
            "2025-06-12T09:15:00Zx",
            "2025-06-12T09:15:00+2",
            "2025-06-12T09:15:00+é0:00",
            "2025-06-12T09:15:00+99:00",
            "+025-06-12",
            "2025-06-12-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
