//! Points in time, the site's time zone and the formats in which times are written.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Earliest and latest times a user may name: the years 1 and 9999 stay printable in every zone.
const EARLIEST_MS: i64 = -62_000_000_000_000;
const LATEST_MS: i64 = 253_000_000_000_000;

impl Timestamp {
    /// From milliseconds since the Unix epoch; clamped to the years 5 to 9987.
    pub fn from_ms(ms: i64) -> Timestamp {
        Timestamp(ms.clamp(EARLIEST_MS, LATEST_MS))
    }

    /// Milliseconds since the Unix epoch.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// This much later.
    pub fn plus(self, duration: Duration) -> Timestamp {
        Timestamp::from_ms(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This much earlier.
    pub fn minus(self, duration: Duration) -> Timestamp {
        Timestamp::from_ms(self.0.saturating_sub(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// RFC 3339 in UTC, to the second: `2026-05-03T08:28:00Z`.
    pub fn rfc3339(self) -> String {
        let at = Offset::UTC.to_datetime(self.jiff());
        let mut text = String::with_capacity(20);
        year(&mut text, at.year());
        let parts = [('-', at.month()), ('-', at.day()), ('T', at.hour()), (':', at.minute()), (':', at.second())];
        for (before, number) in parts {
            text.push(before);
            two(&mut text, number);
        }
        text.push('Z');
        text
    }

    /// IMF-fixdate of RFC 9110, section 5.6.7.
    pub fn http_date(self) -> String {
        let printer = rfc2822::DateTimePrinter::new();
        printer.timestamp_to_rfc9110_string(&self.jiff()).unwrap_or_default()
    }

    /// Reads an IMF-fixdate; the two obsolete forms of that section are not read.
    pub fn parse_http_date(text: &str) -> Option<Timestamp> {
        let time = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Some(Timestamp::from_ms(time.as_millisecond()))
    }

    /// Reads RFC 3339 with any offset, or a plain date (midnight in `zone`), or a date with a
    /// time but no offset (in `zone`).
    pub fn parse(text: &str, zone: &Zone) -> Option<Timestamp> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Some(Timestamp::from_ms(instant.as_millisecond()));
        }
        let local: DateTime = text.parse().ok()?;
        let zoned = local.to_zoned(zone.0.clone()).ok()?;
        Some(Timestamp::from_ms(zoned.timestamp().as_millisecond()))
    }

    /// As forms show it: `2026-05-03T10:28`, and with its offset where the clocks show this time twice.
    pub fn local_input(self, zone: &Zone) -> String {
        let at = self.jiff().to_zoned(zone.0.clone());
        let comes_twice = zone.0.to_ambiguous_timestamp(at.datetime()).is_ambiguous();
        at.strftime(if comes_twice { "%Y-%m-%dT%H:%M%:z" } else { "%Y-%m-%dT%H:%M" }).to_string()
    }

    /// RFC 3339 in UTC, as exactly as it is stored.
    pub fn exact(self) -> String {
        self.jiff().to_string()
    }

    /// The day alone, as `<time datetime>` takes it: `2026-05-03`.
    pub fn local_day(self, zone: &Zone) -> String {
        self.local(zone).strftime("%Y-%m-%d").to_string()
    }

    /// For people: `May 3, 2026, 10:28 a.m.`
    pub fn human(self, zone: &Zone) -> String {
        let at = self.local(zone);
        let half = if at.hour() < 12 { "a.m." } else { "p.m." };
        let hour = (at.hour() + 11) % 12 + 1;
        let mut text = String::with_capacity(32);
        text.push_str(month_name(at.month()));
        text.push(' ');
        number(&mut text, at.day());
        text.push_str(", ");
        year(&mut text, at.year());
        text.push_str(", ");
        number(&mut text, hour);
        text.push(':');
        two(&mut text, at.minute());
        text.push(' ');
        text.push_str(half);
        text
    }

    /// For people, without the time: `May 3, 2026`.
    pub fn human_date(self, zone: &Zone) -> String {
        let at = self.local(zone);
        format!("{} {}, {:04}", month_name(at.month()), at.day(), at.year())
    }

    /// Year and month (1 to 12) in `zone`.
    pub fn year_month(self, zone: &Zone) -> (i16, i8) {
        let at = self.local(zone);
        (at.year(), at.month())
    }

    /// The first moment of a month (1 to 12) in `zone`; `None` when there is no such month.
    pub fn month_start(year: i16, month: i8, zone: &Zone) -> Option<Timestamp> {
        let local = DateTime::new(year, month, 1, 0, 0, 0, 0).ok()?;
        let zoned = local.to_zoned(zone.0.clone()).ok()?;
        Some(Timestamp::from_ms(zoned.timestamp().as_millisecond()))
    }

    fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or_default()
    }

    fn local(self, zone: &Zone) -> DateTime {
        zone.0.to_datetime(self.jiff())
    }
}

/// A time as somebody typed it, which may be less exact than a stored one.
#[derive(Debug, Clone)]
pub struct TypedTime {
    time: Timestamp,
    /// Milliseconds from this time to the next one that could be typed as exactly.
    step: i64,
    /// What the clocks of a zone show, if no offset was typed.
    local: Option<(DateTime, Zone)>,
}

impl TypedTime {
    /// Reads what `Timestamp::parse` reads.
    pub fn parse(text: &str, zone: &Zone) -> Option<TypedTime> {
        let text = text.trim();
        let time = Timestamp::parse(text, zone)?;
        let has_offset = text.parse::<jiff::Timestamp>().is_ok();
        let local = if has_offset { None } else { text.parse().ok().map(|local| (local, zone.clone())) };
        Some(TypedTime { time, step: step(text), local })
    }

    /// The time itself.
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// Whether a form or an API that shows `stored` as exactly as this was typed shows this.
    pub fn names(&self, stored: Timestamp) -> bool {
        let stored = Timestamp(stored.0.div_euclid(self.step) * self.step);
        match &self.local {
            Some((local, zone)) => stored.local(zone) == *local,
            None => stored == self.time,
        }
    }
}

impl From<Timestamp> for TypedTime {
    fn from(time: Timestamp) -> TypedTime {
        TypedTime { time, step: 1, local: None }
    }
}

/// How exactly a time is written, in milliseconds.
fn step(text: &str) -> i64 {
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    let time = time.split(['Z', 'z', '+', '-', '[']).next().unwrap_or_default();
    match time.matches(':').count() {
        _ if time.contains(['.', ',']) => 1,
        0 | 1 => 60_000,
        _ => 1_000,
    }
}

// There is a time at each of a hundred comments, and `format!` takes several times as long.

/// Four digits: `Timestamp` holds no other years.
fn year(text: &mut String, year: i16) {
    let year = year.clamp(0, 9999);
    for part in [year / 100, year % 100] {
        two(text, i8::try_from(part).unwrap_or(0));
    }
}

/// Two digits.
fn two(text: &mut String, value: i8) {
    if value < 10 {
        text.push('0');
    }
    number(text, value);
}

fn number(text: &mut String, value: i8) {
    text.push_str(itoa::Buffer::new().format(value));
}

/// A time zone of the IANA database.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// Looks up a name such as `Europe/Berlin`.
    pub fn parse(name: &str) -> Option<Zone> {
        TimeZone::get(name).ok().map(Zone)
    }

    /// Coordinated universal time.
    pub fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    /// The zone this machine is set to, where it can be told.
    pub fn system_name() -> Option<String> {
        TimeZone::try_system().ok()?.iana_name().map(str::to_owned)
    }

    /// Every name that `parse` accepts, sorted.
    pub fn names() -> Vec<String> {
        let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        names.sort();
        names
    }
}

/// The English name of a month from 1 to 12.
pub fn month_name(month: i8) -> &'static str {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    usize::try_from(month.saturating_sub(1)).ok().and_then(|index| NAMES.get(index)).copied().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Written by hand because pages hold hundreds of them; `strftime` says what is right.
        #[test]
        fn every_time_is_written_as_strftime_would(ms in EARLIEST_MS..=LATEST_MS, name in 0usize..4) {
            let zone = Zone::parse(["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"][name]).unwrap();
            let time = Timestamp::from_ms(ms);
            let at = time.jiff().to_zoned(zone.0.clone());
            let half = if at.hour() < 12 { "a.m." } else { "p.m." };
            prop_assert_eq!(time.human(&zone), format!("{} {half}", at.strftime("%B %-d, %Y, %-I:%M")));
            prop_assert_eq!(time.human_date(&zone), at.strftime("%B %-d, %Y").to_string());
            let utc = time.jiff().to_zoned(TimeZone::UTC);
            prop_assert_eq!(time.rfc3339(), utc.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        }
    }

    #[test]
    fn the_page_says_when_in_the_zone_of_the_site() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let time = Timestamp::parse("2026-05-03T08:28:00Z", &zone).unwrap();
        assert_eq!(time.human(&zone), "May 3, 2026, 10:28 a.m.");
        assert_eq!(time.rfc3339(), "2026-05-03T08:28:00Z");
        assert_eq!(time.http_date(), "Sun, 03 May 2026 08:28:00 GMT");
        assert_eq!(Timestamp::parse("2026-05-03T10:28", &zone), Some(time));
        assert_eq!(time.local_input(&zone), "2026-05-03T10:28");
        assert_eq!(time.local_day(&zone), "2026-05-03");
    }

    #[test]
    fn a_form_names_the_stored_time_that_it_shows() {
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"] {
            let zone = Zone::parse(zone).unwrap();
            // Around both changes of the clocks of these zones, by odd steps.
            for start in
                ["2026-03-08T00:00:00Z", "2026-03-29T00:00:00Z", "2026-10-24T12:00:00Z", "2026-11-01T00:00:00Z"]
            {
                let start = Timestamp::parse(start, &zone).unwrap();
                for step in 0..400 {
                    let time = Timestamp::from_ms(start.ms() + step * 421_317);
                    let shown = time.local_input(&zone);
                    let typed = TypedTime::parse(&shown, &zone).unwrap();
                    assert!(typed.names(time), "{shown}");
                    assert_eq!(typed.time(), Timestamp::from_ms(time.ms().div_euclid(60_000) * 60_000), "{shown}");
                    assert!(!typed.names(Timestamp::from_ms(time.ms() + 3_600_000)), "{shown}");
                }
            }
        }
    }

    #[test]
    fn a_time_that_comes_twice_is_shown_and_read_with_its_offset() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        for (utc, shown) in [
            ("2026-10-25T00:30:00Z", "2026-10-25T02:30+02:00"),
            ("2026-10-25T01:30:00Z", "2026-10-25T02:30+01:00"),
            ("2026-10-25T02:30:00Z", "2026-10-25T03:30"),
        ] {
            let time = Timestamp::parse(utc, &zone).unwrap();
            assert_eq!(time.local_input(&zone), shown);
            assert_eq!(Timestamp::parse(shown, &zone), Some(time));
            // A browser may leave the offset out: it still names the stored time.
            assert!(TypedTime::parse(&shown[..16], &zone).unwrap().names(time));
        }
    }

    #[test]
    fn a_time_is_named_as_exactly_as_it_is_typed() {
        let stored = Timestamp::from_ms(1_777_796_917_250);
        let names = |text: &str| TypedTime::parse(text, &Zone::utc()).unwrap().names(stored);
        assert_eq!(stored.exact(), "2026-05-03T08:28:37.25Z");
        assert!(names("2026-05-03T08:28") && names("2026-05-03T08:28:37Z") && names("2026-05-03T08:28:37.250Z"));
        assert!(names("2026-05-03T10:28:37+02:00") && names("2026-05-03T10:28+02:00"));
        assert!(!names("2026-05-03T08:28:00Z") && !names("2026-05-03T08:28:37.000Z") && !names("2026-05-03T08:29"));
    }

    #[test]
    fn noon_and_midnight_read_as_twelve() {
        let zone = Zone::utc();
        let at = |text| Timestamp::parse(text, &zone).unwrap().human(&zone);
        assert_eq!(at("2026-05-03T00:05"), "May 3, 2026, 12:05 a.m.");
        assert_eq!(at("2026-05-03T12:00"), "May 3, 2026, 12:00 p.m.");
        assert_eq!(at("2026-05-03"), "May 3, 2026, 12:00 a.m.");
    }

    #[test]
    fn nonsense_is_not_a_time() {
        for text in ["", "yesterday", "2026-13-01", "2026-02-30T10:00", "99999-01-01"] {
            assert_eq!(Timestamp::parse(text, &Zone::utc()), None, "{text}");
        }
    }
}
