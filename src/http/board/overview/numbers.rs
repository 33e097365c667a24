//! Counts as figures, bars and charts.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::app::board::{Capped, DueSoon, OpenByDeadline, OpenByStatus, Series, Tally, Totals};
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::http::board::view::chart::{Columns, Period, share};
use crate::http::board::view::list::{grouped, href};
use crate::http::board::view::mark::Mark;
use crate::http::board::view::overview::{Bar, Due, Figure};
use crate::http::board::view::when::length;

/// From so long from now, to so long from now.
type Span = (Option<SignedDuration>, Option<SignedDuration>);

/// What flowed in.
pub(super) fn flow(day: &Totals) -> Vec<Figure> {
    let figure = |name, tally| Figure { name, value: grouped(day.of(tally)), small: String::new() };
    let mut figures = vec![
        figure("Taken", Tally::Delivered),
        figure("Applied", Tally::Applied),
        figure("Changed nothing", Tally::Ignored),
        figure("Repeated", Tally::Duplicate),
    ];
    let rest = [("Kept aside", Tally::Quarantined), ("Not understood", Tally::Unreadable), ("Refused", Tally::Refused)];
    figures.extend(rest.into_iter().filter(|(_, tally)| day.of(*tally) > 0).map(|(name, tally)| figure(name, tally)));
    figures
}

/// What came of it.
pub(super) fn outcome(month: &Totals) -> Vec<Figure> {
    let (finished, came_back) = (month.of(Tally::Finished), month.of(Tally::CameBack));
    let share = (came_back * 100).checked_div(finished);
    let of_them = share.map(|share| format!("{share} % of them")).unwrap_or_default();
    vec![
        Figure { name: "Finished", value: grouped(finished), small: "people".to_owned() },
        Figure { name: "Came back through Rekindle", value: grouped(came_back), small: of_them },
        Figure { name: "Notices handed over", value: grouped(month.of(Tally::Notified)), small: String::new() },
    ]
}

/// Deliveries by the hour.
pub(super) fn deliveries(series: &[Series], now: Timestamp) -> Columns {
    let periods = periods(series, Tally::Ignored, Tally::Applied, |at| {
        let hours = now.since(at).as_hours();
        if hours == 0 { "this hour".to_owned() } else { format!("{hours} h ago") }
    });
    let (ignored, applied) = sums(&periods);
    let said = format!("Events by the hour, in the last 24 hours: {applied} applied, {ignored} changed nothing.");
    Columns::of("deliveries", said, ["changed nothing", "applied"], &periods)
}

/// People who finished, by the day.
pub(super) fn finished(series: &[Series]) -> Columns {
    let day = |at: Timestamp| at.to_string().chars().take(10).collect();
    let all = periods(series, Tally::Finished, Tally::CameBack, day);
    let alone: Vec<Period> = all.into_iter().map(|(day, all, back)| (day, all.saturating_sub(back), back)).collect();
    let (by_themselves, back) = sums(&alone);
    let said = format!(
        "People who finished, by the day, in the last 30 days: {by_themselves} by themselves, {back} came back through \
         Rekindle."
    );
    Columns::of("finished", said, ["by themselves", "came back through Rekindle"], &alone)
}

/// Inquiries by status, of all environments together.
pub(super) fn statuses(counts: &[OpenByStatus], one: Option<&EnvironmentName>) -> Vec<Bar> {
    let mut order = Vec::new();
    let mut sums = BTreeMap::new();
    for count in counts {
        if !order.contains(&count.status) {
            order.push(count.status.clone());
        }
        add(sums.entry(count.status.clone()).or_default(), count.count);
    }
    let most = sums.values().map(|(count, _)| *count).max().unwrap_or(0);
    let bar = |status| {
        let (count, more) = sums.get(&status).copied().unwrap_or_default();
        let text = status.as_str();
        let class = if status.is_open() { "a" } else { "b" };
        (count > 0).then(|| Bar {
            mark: Mark::of_status(text),
            href: narrowed("/inquiries", one, &[("status", text)]),
            value: told(count, more),
            share: share(count, most),
            class,
        })
    };
    order.into_iter().filter_map(bar).collect()
}

/// Open inquiries by the time that is left, of all environments together.
pub(super) fn deadlines(counts: &[OpenByDeadline], one: Option<&EnvironmentName>) -> Vec<Bar> {
    let spans = distinct(counts.iter().map(|count| (count.from, count.to)));
    let sum = |span: &Span| total(counts.iter().filter(|one| (one.from, one.to) == *span).map(|one| one.count));
    let sums: Vec<(Span, (u64, bool))> = spans.into_iter().map(|span| (span, sum(&span))).collect();
    let most = sums.iter().map(|(_, (count, _))| *count).max().unwrap_or(0);
    if most == 0 {
        return Vec::new();
    }
    let bar = |(at, (span, (count, more))): (usize, (Span, (u64, bool)))| {
        let (tone, class) = match (span.0, at) {
            (None, _) => ("bad", "c"),
            (Some(from), _) if from.is_zero() => ("warn", "a"),
            _ => ("idle", "b"),
        };
        Bar {
            mark: Mark::new(tone, "clock", named(span, "passed")),
            href: narrowed("/inquiries", one, &[("sort", "deadline"), ("left", &left(span))]),
            value: told(count, more),
            share: share(count, most),
            class,
        }
    };
    sums.into_iter().enumerate().map(bar).collect()
}

/// The names of the times in which work is due.
pub(super) fn spans(counts: &[DueSoon]) -> Vec<String> {
    distinct(counts.iter().map(|count| (count.from, count.to))).into_iter().map(|span| named(span, "due")).collect()
}

/// Work that is due, by kind.
pub(super) fn due(counts: &[DueSoon], one: Option<&EnvironmentName>) -> Vec<Due> {
    let spans = distinct(counts.iter().map(|count| (count.from, count.to)));
    let mut kinds: Vec<_> = counts.iter().map(|count| count.kind).collect();
    kinds.sort();
    kinds.dedup();
    let row = |kind| {
        let of_kind = || counts.iter().filter(move |count| count.kind == kind);
        let within = |span: &Span| total(of_kind().filter(|one| (one.from, one.to) == *span).map(|one| one.count));
        let sums: Vec<(u64, bool)> = spans.iter().map(within).collect();
        let any = sums.iter().any(|(count, _)| *count > 0);
        let kind: &str = crate::domain::action::Kind::as_str(kind);
        any.then(|| Due {
            kind: kind.to_owned(),
            href: narrowed("/actions", one, &[("state", "planned"), ("kind", kind)]),
            counts: sums.into_iter().map(|(count, more)| told(count, more)).collect(),
        })
    };
    kinds.into_iter().filter_map(row).collect()
}

/// The time that is left, as the list of inquiries reads it: hours from and to.
fn left((from, to): Span) -> String {
    let hours = |of: Option<SignedDuration>| of.map(|of| of.as_hours().to_string()).unwrap_or_default();
    format!("{}-{}", hours(from), hours(to))
}

fn named((from, to): Span, before: &str) -> String {
    let short = |of: SignedDuration| if of.as_hours() < 72 { format!("{} h", of.as_hours()) } else { length(of) };
    match (from.filter(|from| !from.is_zero()), to) {
        (None, None) => "any time".to_owned(),
        _ if from.is_none() => before.to_owned(),
        (None, Some(to)) => format!("in {}", short(to)),
        (Some(from), Some(to)) => format!("{} to {}", short(from), short(to)),
        (Some(from), None) => format!("after {}", short(from)),
    }
}

fn narrowed(path: &str, one: Option<&EnvironmentName>, query: &[(&str, &str)]) -> String {
    let environment = one.map_or("", EnvironmentName::as_str);
    href(path, &[&[("environment", environment)], query].concat())
}

fn distinct(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut all = Vec::new();
    for span in spans {
        if !all.contains(&span) {
            all.push(span);
        }
    }
    // What has passed stands first, and the rest by when it begins.
    all.sort();
    all
}

fn total(counts: impl Iterator<Item = Capped>) -> (u64, bool) {
    let mut sum = (0, false);
    counts.for_each(|count| add(&mut sum, count));
    sum
}

fn add(sum: &mut (u64, bool), count: Capped) {
    sum.0 += u64::from(count.count);
    sum.1 |= count.more;
}

fn told(count: u64, more: bool) -> String {
    format!("{}{}", grouped(count), if more { "+" } else { "" })
}

fn sums(periods: &[Period]) -> (u64, u64) {
    periods.iter().fold((0, 0), |(lower, upper), (_, a, b)| (lower + a, upper + b))
}

/// The periods of two series that run alike.
fn periods(series: &[Series], lower: Tally, upper: Tally, name: impl Fn(Timestamp) -> String) -> Vec<Period> {
    let points = |tally| series.iter().find(|series| series.tally == tally).map_or(&[][..], |series| &series.points);
    let counts: BTreeMap<Timestamp, u64> = points(upper).iter().map(|point| (point.at, point.count)).collect();
    let of = |at| counts.get(&at).copied().unwrap_or(0);
    points(lower).iter().map(|point| (name(point.at), point.count, of(point.at))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_words() {
        let hours = |hours| Some(SignedDuration::from_hours(hours));
        let cases = [
            ((None, hours(0)), "passed"),
            ((hours(0), hours(1)), "in 1 h"),
            ((hours(6), hours(24)), "6 h to 24 h"),
            ((hours(72), None), "after 3 d"),
        ];
        for (span, text) in cases {
            assert_eq!(named(span, "passed"), text);
        }
        assert_eq!(left((None, hours(0))), "-0");
        assert_eq!(left((hours(6), None)), "6-");
    }
}
