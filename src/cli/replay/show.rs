//! Replays and previews in words, and as programs see them.

use serde::Serialize;

use crate::app::board::ReplayStory;
use crate::app::replay::{Became, BecameOf, Choice, Preview, Replay, in_words};
use crate::cli::output;
use crate::domain::replay::Skip;
use crate::domain::time::Timestamp;

/// A replay as programs see it.
#[derive(Serialize)]
struct Wire {
    id: String,
    environment: String,
    of: &'static str,
    chosen: String,
    state: &'static str,
    preview: WirePreview,
    expires_at: String,
    began_at: Option<String>,
    began_by: Option<String>,
    reason: Option<String>,
    looked_at: u64,
    made_due: u64,
    waiting: u64,
    done: u64,
    unchanged: u64,
    failed: u64,
    called_off: u64,
    skipped: u64,
    ended_at: Option<String>,
    changed_by: Option<String>,
    changed_why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<WireReason>>,
}

#[derive(Serialize)]
struct WirePreview {
    matched: u64,
    more: bool,
    exact: bool,
    begun: u64,
    skipped: u64,
    calls: u64,
    messages: u64,
    seconds: u64,
    groups: Vec<WireGroup>,
    skipped_by_reason: Vec<WireReason>,
}

#[derive(Serialize)]
struct WireGroup {
    what: String,
    why: Option<String>,
    count: u64,
}

#[derive(Serialize)]
struct WireReason {
    became: &'static str,
    reason: String,
    count: u64,
}

/// Replays in a list.
pub(super) fn list(replays: &[Replay], now: Timestamp, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&replays.iter().map(Wire::of).collect::<Vec<_>>());
    }
    let row = |replay: &Replay| {
        let counts = &replay.counts;
        let (began, by, why) = replay.began.clone().map_or_else(
            || (String::new(), String::new(), String::new()),
            |(at, by, why)| (output::time(at, now), by, why),
        );
        vec![
            began,
            replay.filter.environment.to_string(),
            replay.state.to_string(),
            format!("{}/{}", counts.looked_at, matched(&replay.preview)),
            counts.done.to_string(),
            counts.failed.to_string(),
            replay.id.to_string(),
            by,
            in_words(&replay.filter),
            why,
        ]
    };
    let headings = ["BEGAN", "ENVIRONMENT", "STATE", "LOOKED AT", "DONE", "FAILED", "ID", "BY", "CHOSEN", "WHY"];
    output::table(&headings, &replays.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

/// One replay with its report.
pub(super) fn story(story: &ReplayStory, now: Timestamp, json: bool) -> anyhow::Result<()> {
    let replay = &story.replay;
    if json {
        let reasons = story.reasons.iter().map(WireReason::of).collect();
        return output::json(&Wire { reasons: Some(reasons), ..Wire::of(replay) });
    }
    println!("{}  {}", replay.id, replay.state);
    println!("  chosen       {} of {}", in_words(&replay.filter), replay.filter.environment);
    if let Some((at, by, why)) = &replay.began {
        println!("  began        {}, by {by}: {why}", output::time(*at, now));
    } else {
        println!("  looked at    {}, by {}", output::time(replay.as_of, now), replay.made_by);
    }
    if let Some((by, why)) = &replay.changed {
        println!("  changed      by {by}: {why}");
    }
    if let Some(at) = replay.ended_at {
        println!("  ended        {}", output::time(at, now));
    }
    for (name, value) in report(replay) {
        println!("  {name:<12} {value}");
    }
    reasons(&story.reasons);
    Ok(())
}

/// What became of how many, as far as there is anything to tell.
pub(super) fn report(replay: &Replay) -> Vec<(&'static str, String)> {
    let counts = &replay.counts;
    let mut lines = vec![("looked at", format!("{} of {}", counts.looked_at, matched(&replay.preview)))];
    let rest = match replay.filter.of {
        Choice::Actions(_) => vec![
            ("made due", counts.made_due),
            ("done", counts.done),
            ("failed again", counts.failed),
            ("called off", counts.called_off),
            ("passed over", counts.skipped),
            ("waiting", replay.waiting()),
        ],
        Choice::Events(_) => vec![
            ("changed", counts.done),
            ("unchanged", counts.unchanged),
            ("failed", counts.failed),
            ("passed over", counts.skipped),
        ],
    };
    lines.extend(rest.into_iter().map(|(name, count)| (name, count.to_string())));
    lines
}

/// What became of what was not simply done.
pub(super) fn reasons(reasons: &[BecameOf]) {
    if reasons.is_empty() {
        return;
    }
    println!();
    let row = |one: &BecameOf| vec![one.count.to_string(), one.became.to_string().replace('_', " "), says(one)];
    output::table(&["HOW MANY", "BECAME", "WHY"], &reasons.iter().map(row).collect::<Vec<_>>());
}

/// What a replay would do, and how it is started.
pub(super) fn preview(replay: &Replay, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(&Wire::of(replay));
    }
    preview_alone(replay);
    println!();
    if replay.preview.matched == 0 {
        println!("Nothing matches, so there is nothing to start.");
    } else {
        println!("Nothing was done. To start it, until {}:", Timestamp::from_second(replay.expires_at.as_second()));
        println!("  rekindle replay start {} --reason \"…\"", replay.id);
    }
    Ok(())
}

/// What a replay would do.
pub(super) fn preview_alone(replay: &Replay) {
    let preview = &replay.preview;
    let about = if preview.is_exact() { "" } else { "about " };
    println!("{}  {} of {}", replay.id, in_words(&replay.filter), replay.filter.environment);
    println!("  matches      {}", matched(preview));
    println!("  begins       {about}{}", preview.begun());
    println!("  passes over  {about}{}", preview.skipped());
    for (why, count) in &preview.skipped {
        println!("    {about}{}  {}", preview.in_all(*count), why.says());
    }
    println!("  costs        {about}{} calls to Persona and {} notices at most", preview.calls, preview.messages);
    println!("  takes        {about}{}", length(preview.seconds));
    if !preview.is_exact() {
        println!("  (estimated from an even sample of {})", preview.asked);
    }
    println!();
    let row = |group: &crate::app::replay::Group| {
        vec![group.count.to_string(), group.what.clone(), group.why.clone().unwrap_or_default()]
    };
    output::table(&["HOW MANY", "WHAT", "WHY"], &preview.groups.iter().map(row).collect::<Vec<_>>());
}

/// A length of time as people say it.
pub(super) fn length(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3_600)),
    }
}

fn matched(preview: &Preview) -> String {
    format!("{}{}", preview.matched, if preview.more { "+" } else { "" })
}

fn says(one: &BecameOf) -> String {
    match (one.became, Skip::parse(&one.reason)) {
        (Became::Skipped, Some(skip)) => skip.says().to_owned(),
        _ => one.reason.clone(),
    }
}

impl Wire {
    fn of(replay: &Replay) -> Self {
        let counts = &replay.counts;
        let (began_at, began_by, reason) = match replay.began.clone() {
            Some((at, by, why)) => (Some(at.to_string()), Some(by), Some(why)),
            None => (None, None, None),
        };
        let (changed_by, changed_why) = replay.changed.clone().unzip();
        Self {
            id: replay.id.to_string(),
            environment: replay.filter.environment.to_string(),
            of: if matches!(replay.filter.of, Choice::Actions(_)) { "actions" } else { "events" },
            chosen: in_words(&replay.filter),
            state: replay.state.as_str(),
            preview: WirePreview::of(&replay.preview),
            expires_at: replay.expires_at.to_string(),
            began_at,
            began_by,
            reason,
            looked_at: counts.looked_at,
            made_due: counts.made_due,
            waiting: replay.waiting(),
            done: counts.done,
            unchanged: counts.unchanged,
            failed: counts.failed,
            called_off: counts.called_off,
            skipped: counts.skipped,
            ended_at: replay.ended_at.map(|at| at.to_string()),
            changed_by,
            changed_why,
            reasons: None,
        }
    }
}

impl WirePreview {
    fn of(preview: &Preview) -> Self {
        let groups = preview.groups.iter().map(|group| WireGroup {
            what: group.what.clone(),
            why: group.why.clone(),
            count: group.count,
        });
        let skipped = preview.skipped.iter().map(|(why, count)| WireReason {
            became: Became::Skipped.as_str(),
            reason: why.as_str().to_owned(),
            count: preview.in_all(*count),
        });
        Self {
            matched: preview.matched,
            more: preview.more,
            exact: preview.is_exact(),
            begun: preview.begun(),
            skipped: preview.skipped(),
            calls: preview.calls,
            messages: preview.messages,
            seconds: preview.seconds,
            groups: groups.collect(),
            skipped_by_reason: skipped.collect(),
        }
    }
}

impl WireReason {
    fn of(one: &BecameOf) -> Self {
        Self { became: one.became.as_str(), reason: one.reason.clone(), count: one.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_told_as_people_say_them() {
        assert_eq!([59, 119, 121, 7_200].map(length), ["59 s", "119 s", "3 min", "2 h"]);
    }
}
