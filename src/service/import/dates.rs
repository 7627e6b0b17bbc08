//! Reads dates in the forms in which people and programs write them, and those in names of files.

use crate::domain::time::{Timestamp, Zone};
use jiff::civil::{Date, DateTime, Time};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Names of zones that mean one offset; others name several.
const OFFSETS: [(&str, &str); 19] = [
    ("z", "Z"),
    ("utc", "Z"),
    ("gmt", "Z"),
    ("est", "-05:00"),
    ("edt", "-04:00"),
    ("cst", "-06:00"),
    ("cdt", "-05:00"),
    ("mst", "-07:00"),
    ("mdt", "-06:00"),
    ("pst", "-08:00"),
    ("pdt", "-07:00"),
    ("bst", "+01:00"),
    ("wet", "Z"),
    ("cet", "+01:00"),
    ("cest", "+02:00"),
    ("eet", "+02:00"),
    ("eest", "+03:00"),
    ("msk", "+03:00"),
    ("jst", "+09:00"),
];

/// A date as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub date: Date,
    pub time: Option<Time>,
    /// `Z`, `+02:00` or the name of a zone.
    zone: Option<String>,
}

impl Written {
    /// A day without a time.
    pub fn day(date: Date) -> Written {
        Written { date, time: None, zone: None }
    }

    /// The moment it means. What names no zone counts in `zone`; a day without a time is its noon,
    /// so that it stays the same day when the zone of the blog changes a little.
    pub fn at(&self, zone: &Zone) -> Option<Timestamp> {
        let local = |time: Time| self.date.to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S%.f").to_string();
        let Some(time) = self.time else { return Timestamp::parse(&local(Time::constant(12, 0, 0, 0)), zone) };
        match self.zone.as_deref() {
            Some(name) if name.contains('/') => Timestamp::parse(&local(time), &Zone::parse(name)?),
            Some(offset) => Timestamp::parse(&format!("{}{offset}", local(time)), zone),
            None => Timestamp::parse(&local(time), zone),
        }
    }

    /// Date and time as they stand, in whatever zone.
    pub fn local(&self) -> DateTime {
        self.date.to_datetime(self.time.unwrap_or(Time::constant(12, 0, 0, 0)))
    }
}

/// Reads `2024-5-6`, `2024-05-06T9:00:00Z`, `2024/05/06 9:00 PM`, `6 May 2024`, `Mon, 06 May 2024 07:08:09 GMT`,
/// `2024年5月6日` and their like. `None` where it is something else, names no day of the calendar, or could be
/// two days, as `05/06/2024` could.
pub fn read(text: &str) -> Option<Written> {
    // A zone in words, as JavaScript adds it.
    let text = text.split('(').next().unwrap_or_default().replace(['年', '月'], "-").replace(['日', ','], " ");
    let mut parts = Parts::default();
    for token in apart(&text).split_whitespace() {
        parts.take(token)?;
    }
    parts.finish()
}

/// Puts a space in place of the `T` between date and time.
fn apart(text: &str) -> String {
    let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let chars: Vec<char> = text.chars().collect();
    let between = |at: usize| at > 0 && is_digit(chars.get(at - 1).copied()) && is_digit(chars.get(at + 1).copied());
    chars.iter().enumerate().map(|(at, c)| if matches!(c, 'T' | 't') && between(at) { ' ' } else { *c }).collect()
}

/// What the words of a date have said so far.
#[derive(Default)]
struct Parts {
    date: Option<Date>,
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<Time>,
    half: Option<bool>,
    zone: Option<String>,
}

impl Parts {
    fn take(&mut self, token: &str) -> Option<()> {
        let word = token.trim_end_matches('.').to_lowercase();
        if let Some(month) = named(&MONTHS, &word) {
            return set(&mut self.month, i8::try_from(month + 1).ok()?);
        }
        if named(&WEEKDAYS, &word).is_some() || ["at", "of", "um"].contains(&word.as_str()) {
            return Some(());
        }
        if token.contains(':') && token.starts_with(|c: char| c.is_ascii_digit()) {
            return self.take_time(token);
        }
        if self.take_half(&word) || self.take_zone(token) {
            return Some(());
        }
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        match (is_number, digits.len()) {
            (true, 8) if digits == word => {
                let date = Date::strptime("%Y%m%d", digits).ok()?;
                set(&mut self.date, date)
            }
            (true, 4) if digits == word => set(&mut self.year, digits.parse().ok()?),
            (true, 1 | 2) if matches!(word.get(digits.len()..)?, "" | "st" | "nd" | "rd" | "th") => {
                set(&mut self.day, digits.parse().ok()?)
            }
            _ => set(&mut self.date, numeric(token.trim_end_matches('.'))?),
        }
    }

    fn take_time(&mut self, token: &str) -> Option<()> {
        let end = token.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(token.len());
        let (clock, rest) = token.split_at(end);
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut numbers = clock.split(':').map(|part| part.parse::<i8>().ok());
        let (hour, minute) = (numbers.next()??, numbers.next()??);
        let second = numbers.next().unwrap_or(Some(0))?;
        let nanos: String = fraction.chars().chain("000000000".chars()).take(9).collect();
        set(&mut self.time, Time::new(hour, minute, second, nanos.parse().ok()?).ok()?)?;
        (rest.is_empty() || self.take_half(&rest.to_lowercase()) || self.take_zone(rest)).then_some(())
    }

    fn take_half(&mut self, word: &str) -> bool {
        match word {
            "am" | "a.m" => self.half = Some(false),
            "pm" | "p.m" => self.half = Some(true),
            _ => return false,
        }
        true
    }

    fn take_zone(&mut self, token: &str) -> bool {
        let lower = token.to_lowercase();
        let known = OFFSETS.iter().find(|(name, _)| *name == lower).map(|(_, offset)| (*offset).to_owned());
        let numbered = || offset(lower.strip_prefix("gmt").or_else(|| lower.strip_prefix("utc")).unwrap_or(&lower));
        let place = || (token.contains('/') && Zone::parse(token).is_some()).then(|| token.to_owned());
        match known.or_else(numbered).or_else(place) {
            // `Z` and then a name, or `GMT+0200`.
            Some(zone) => self.zone = Some(zone),
            None => return false,
        }
        true
    }

    fn finish(self) -> Option<Written> {
        let date = match self.date {
            Some(date) => date,
            None => Date::new(self.year?, self.month?, self.day?).ok()?,
        };
        let time = match (self.time, self.half) {
            (Some(time), Some(half)) if (1..=12).contains(&time.hour()) => {
                let hour = time.hour() % 12 + if half { 12 } else { 0 };
                Some(Time::new(hour, time.minute(), time.second(), 0).ok()?)
            }
            (time, _) => time,
        };
        (date.year() >= 1000).then_some(Written { date, time, zone: self.zone })
    }
}

fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// The one of `names` that `word` is, or is short for.
fn named(names: &[&str], word: &str) -> Option<usize> {
    names.iter().position(|name| *name == word || (3..=4).contains(&word.len()) && name.starts_with(word))
}

/// `+02:00` of `+2`, `+0200` and the like.
fn offset(text: &str) -> Option<String> {
    let (sign, rest) = text.split_at_checked(1)?;
    let digits: String = rest.chars().filter(|c| *c != ':').collect();
    if !matches!(sign, "+" | "-") || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes) = digits.split_at(if digits.len() > 2 { digits.len() - 2 } else { digits.len() });
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, if minutes.is_empty() { 0 } else { minutes.parse().ok()? });
    (hours < 15 && minutes < 60).then(|| format!("{sign}{hours:02}:{minutes:02}"))
}

/// `2024-5-6`, `2024/05/06`, `06.05.2024`, or one with slashes of which only one reading is a date.
fn numeric(token: &str) -> Option<Date> {
    let sign = ['-', '/', '.'].into_iter().find(|sign| token.contains(*sign))?;
    let parts: Vec<&str> = token.split(sign).collect();
    let [first, second, third] = parts.as_slice() else { return None };
    if ![first, second, third].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let number = |part: &str| part.parse::<i8>().ok();
    if first.len() == 4 {
        return Date::new(first.parse().ok()?, number(second)?, number(third)?).ok();
    }
    if third.len() != 4 {
        return None;
    }
    let (year, first, second) = (third.parse().ok()?, number(first)?, number(second)?);
    let day_first = Date::new(year, second, first).ok();
    if sign == '.' || first == second {
        return day_first;
    }
    let month_first = Date::new(year, first, second).ok();
    if day_first.is_some() && month_first.is_some() { None } else { day_first.or(month_first) }
}

/// The date that a name begins with and what follows it: `2024-05-06-owls`, `2024_5_6 owls`, `20240506-owls`,
/// `202405060708 owls`, `24-05-06-owls`.
pub fn of_name(name: &str) -> Option<(Date, &str)> {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    let (date, rest) = match digits {
        8 | 12 | 14 => (Date::strptime("%Y%m%d", name.get(..8)?).ok()?, name.get(digits..)?),
        2 | 4 => parted(name, digits)?,
        _ => return None,
    };
    let is_year = (1970..=2100).contains(&date.year());
    let ends = rest.is_empty() || rest.starts_with(['-', '_', ' ', '.', '/']);
    (is_year && ends).then(|| (date, rest.trim_start_matches(['-', '_', ' ', '.'])))
}

/// Year, month and day with one sign between them, and what follows.
fn parted(name: &str, digits: usize) -> Option<(Date, &str)> {
    let (year, rest) = name.split_at_checked(digits)?;
    let sign = rest.chars().next().filter(|sign| matches!(sign, '-' | '_' | '.'))?;
    let (month, rest) = number(rest.strip_prefix(sign)?)?;
    let (day, rest) = number(rest.strip_prefix(sign)?)?;
    // A name that begins with a short year has two digits in each part.
    let year: i16 = year.parse().ok()?;
    let year = if digits == 2 { 2000 + year } else { year };
    let rest = clock(rest);
    Some((Date::new(year, month, day).ok()?, rest))
}

fn number(text: &str) -> Option<(i8, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&digits) {
        return None;
    }
    let (number, rest) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest))
}

/// The rest of a name behind a leading time of day, such as `T09-00-00` or `T090000`.
fn clock(rest: &str) -> &str {
    let Some(time) = rest.strip_prefix('T') else { return rest };
    let mut digits = 0;
    let mut end = 0;
    for (at, c) in time.char_indices() {
        match c {
            _ if digits == 6 => break,
            '0'..='9' => digits += 1,
            '-' | ':' | '_' if digits % 2 == 0 && digits > 0 => {}
            _ => break,
        }
        end = at + c.len_utf8();
    }
    if digits >= 4 { time.get(end..).unwrap_or_default() } else { rest }
}

/// The date in a path without its ending, that nearest to the end: in one of its names, or in folders as in
/// `2024/05/06/owls`, `2024/05/06-owls` and `2024/05-06-owls`, or at the end of the last name.
pub fn of_path(path: &str) -> Option<Date> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let begins = (0..parts.len()).rev().find_map(|at| {
        let part = parts.get(at)?;
        // Year, month and day are folders, or the last of them begin a name.
        let folders = || {
            let rest = parts.get(at..)?.join("-");
            let date = (part.len() == 4 && at + 1 < parts.len()).then(|| of_name(&rest))?;
            date.map(|(date, _)| date)
        };
        of_name(part).map(|(date, _)| date).or_else(folders)
    });
    let ends = || {
        let name = parts.last()?;
        let tail = name.get(name.len().checked_sub(10)?..)?;
        let before = name.get(..name.len() - 10)?;
        of_name(tail).filter(|(_, rest)| rest.is_empty() && before.ends_with(['-', '_', ' '])).map(|(date, _)| date)
    };
    begins.or_else(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Option<String> {
        read(text)?.at(&Zone::parse("Europe/Berlin").unwrap()).map(Timestamp::rfc3339)
    }

    #[test]
    fn dates_are_read_in_their_usual_forms() {
        for text in [
            "2024-05-06T07:08:09Z",
            "2024-05-06T09:08:09+02:00",
            "2024-05-06 09:08:09",
            "2024-05-06 09:08:09 +0200",
            "2024-5-6 9:08:09",
            "2024-05-06T9:08:09",
            "2024/05/06 09:08:09.000",
            "2024.5.6 09:08:09",
            "2024-05-06 07:08:09 UTC",
            "2024-05-06 02:08:09 -0500",
            "2024-05-06 03:08:09 EDT",
            "Mon, 06 May 2024 07:08:09 GMT",
            "Mon May  6 2024 09:08:09 GMT+0200 (Central European Summer Time)",
            "May 6, 2024 9:08:09 AM",
            "6 May 2024 9:08:09",
            "6th of May 2024 at 9:08:09am",
            "2024年5月6日 9:08:09",
            "06.05.2024 09:08:09",
            "20240506 09:08:09",
            "2024-05-06 16:08:09 Asia/Tokyo",
        ] {
            assert_eq!(at(text).as_deref(), Some("2024-05-06T07:08:09Z"), "{text}");
        }
        assert_eq!(at("13/05/2024").as_deref(), Some("2024-05-13T10:00:00Z"));
        assert_eq!(at("2024-05-06 12:30 am").as_deref(), Some("2024-05-05T22:30:00Z"));
        assert_eq!(read("2024-05-06").unwrap().time, None);
    }

    #[test]
    fn what_is_no_date_or_could_be_two_is_not_read() {
        for text in [
            "",
            "yesterday",
            "Maj 6 2024",
            "05/06/2024",
            "2023-02-29T11:00:00",
            "2024-05",
            "2024-13-01",
            "0001-01-01",
            "2024-05-06 25:00",
            "2024-05-06 2024-05-07",
            "5",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn names_begin_with_dates() {
        let split = |name| of_name(name).map(|(date, rest)| (date.to_string(), rest));
        for name in [
            "2024-05-06-owls",
            "2024-5-6-owls",
            "2024_05_06_owls",
            "2024.05.06 owls",
            "20240506-owls",
            "202405060708 owls",
            "24-05-06-owls",
            "2024-05-06T09-00-00-owls",
            "2024-05-06T090000_owls",
        ] {
            assert_eq!(split(name), Some(("2024-05-06".into(), "owls")), "{name}");
        }
        assert_eq!(split("2024-05-06"), Some(("2024-05-06".into(), "")));
        for name in ["2024-owls", "1984", "2024-13-40-x", "12-factor-apps", "2024-05-06owls", "10000000", "1-2-3-x"] {
            assert_eq!(split(name), None, "{name}");
        }
    }

    #[test]
    fn paths_hold_dates() {
        let day = |path| of_path(path).map(|date| date.to_string());
        for path in [
            "_posts/2024-05-06-owls",
            "2024/05/06/owls",
            "blog/2024/5/6/owls/index",
            "2024/05/06-owls",
            "2024/05-06-owls",
            "2024-05-06/owls",
            "2023-01-01-trip/2024-05-06-owls",
            "notes/Owls 2024-05-06",
        ] {
            assert_eq!(day(path).as_deref(), Some("2024-05-06"), "{path}");
        }
        assert_eq!(day("2024/owls"), None);
        assert_eq!(day("2024/13/06/owls"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[0-9a-zA-Z:/+. TZ年月日é_-]{0,40}") {
            drop(read(&text));
            of_name(&text);
            of_path(&text);
        }
    }
}
