//! One replay: before it is started what it would do, then how far it is, and in the end what came of it.

use axum::extract::Path;
use axum::response::Response;
use jiff::SignedDuration;

use crate::app::board::ReplayStory;
use crate::app::replay::{Became as What, BecameOf, Choice, Preview, Replay as Stored, ReplayState, in_words};
use crate::domain::act::Act as Deed;
use crate::domain::ids::ReplayId;
use crate::domain::replay::Skip;
use crate::http::board::page::Trouble;
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::inquiry::Fact;
use crate::http::board::view::list::{Act, grouped, href, path};
use crate::http::board::view::mark::Mark;
use crate::http::board::view::overview::Figure;
use crate::http::board::view::replays::{Became, Group, Replay};
use crate::http::board::view::when::length;

/// How often the page looks again while it is under way, in seconds.
const LIVE: u32 = 2;

/// One replay.
pub(super) async fn page(reader: Reader, Path(id): Path<String>) -> Response {
    let page = replay(&reader, &id).await;
    reader.answer(page)
}

async fn replay(reader: &Reader, id: &str) -> Result<Replay, Trouble> {
    let id = ReplayId::parse(id).map_err(|_| Trouble::Unknown)?;
    let ReplayStory { replay, reasons } = reader.board().replay(&id).await?.ok_or(Trouble::Unknown)?;
    let words = in_words(&replay.filter);
    let begun = replay.state != ReplayState::Previewed;
    let all = replay.preview.matched.max(replay.counts.looked_at);
    Ok(Replay {
        frame: reader.frame(&words, Place::Replays, if replay.is_under_way() { LIVE } else { 0 }),
        state: mark(replay.state),
        next: next(reader, &replay),
        acts: acts(reader, &replay),
        progress: begun.then(|| (replay.counts.looked_at.saturating_sub(replay.waiting()), all.max(1))),
        report: report(&replay),
        reasons: reasons.iter().map(|one| became(&replay, one)).collect(),
        preview: expected(&replay.preview),
        estimate: estimate(&replay.preview),
        skipped: replay
            .preview
            .skipped
            .iter()
            .map(|(why, count)| (grouped(replay.preview.in_all(*count)), why.says()))
            .collect(),
        groups: replay.preview.groups.iter().map(group).collect(),
        facts: facts(reader, &replay),
        words,
    })
}

/// The state of a replay.
pub(super) fn mark(state: ReplayState) -> Mark {
    match state {
        ReplayState::Previewed => Mark::new("idle", "ring", "not started"),
        ReplayState::Running => Mark::new("live", "half", "running"),
        ReplayState::Paused => Mark::new("warn", "pause", "paused"),
        ReplayState::Cancelled => Mark::new("idle", "dash", "cancelled"),
        ReplayState::Done => Mark::ok("through"),
    }
}

/// How many matched a preview.
pub(super) fn matched(preview: &Preview) -> String {
    format!("{}{}", grouped(preview.matched), if preview.more { "+" } else { "" })
}

fn next(reader: &Reader, replay: &Stored) -> String {
    let until = reader.when(replay.expires_at).relative;
    match replay.state {
        ReplayState::Previewed if replay.preview.matched == 0 => {
            "Nothing matches, so there is nothing to start.".to_owned()
        }
        ReplayState::Previewed if replay.expires_at < reader.now() => {
            "This preview has expired. Look once more at what it would do.".to_owned()
        }
        ReplayState::Previewed => {
            format!("Nothing was done yet. It can be started for now; the preview expires {until}.")
        }
        ReplayState::Running if replay.through => {
            "Everything was gone through; the last of it is under way.".to_owned()
        }
        ReplayState::Running => match replay.next_at.filter(|at| *at > reader.now()) {
            Some(at) => format!("It goes on {}, as the budget allows.", reader.when(at).relative),
            None => "It goes on by itself, also when nobody looks.".to_owned(),
        },
        ReplayState::Paused => {
            "It stays where it is until somebody resumes it. What was made due is performed.".to_owned()
        }
        ReplayState::Cancelled => {
            "Somebody ended it. What was made due is performed, and the rest is as it was.".to_owned()
        }
        ReplayState::Done if replay.counts.failed > 0 => {
            "Everything was gone through, and some failed again. Mend their reason before you try once more.".to_owned()
        }
        ReplayState::Done => "Everything was gone through.".to_owned(),
    }
}

fn acts(reader: &Reader, replay: &Stored) -> Vec<Act> {
    let here = path(&["replays", replay.id.as_str()]);
    if !reader.may(Deed::Replay, &replay.filter.environment) {
        return Vec::new();
    }
    let act = |id: &str, name, means: &str| Act::of(id, name, format!("{here}/{id}"), means);
    let cancel = || act("cancel", "Cancel…", "It ends here. What was made due is performed all the same.").dangerous();
    match replay.state {
        ReplayState::Previewed if replay.preview.matched == 0 || replay.expires_at < reader.now() => Vec::new(),
        ReplayState::Previewed => {
            let means = match replay.filter.of {
                Choice::Actions(_) => {
                    "They are made due again, little by little, with all their attempts before them. The plan is asked for \
                     each, and once more before anybody is troubled."
                }
                Choice::Events(_) => {
                    "They are taken through the same steps as when they came. Where nothing was missed, nothing changes."
                }
            };
            vec![act("start", "Start…", means)]
        }
        ReplayState::Running => {
            vec![act("pause", "Pause…", "It stays where it is. What was made due is performed."), cancel()]
        }
        ReplayState::Paused => vec![act("resume", "Resume…", "It goes on where it is."), cancel()],
        ReplayState::Cancelled | ReplayState::Done => Vec::new(),
    }
}

fn figure(name: &'static str, count: u64, small: &str) -> Figure {
    Figure { name, value: grouped(count), small: small.to_owned() }
}

fn report(replay: &Stored) -> Vec<Figure> {
    let counts = &replay.counts;
    match replay.filter.of {
        Choice::Actions(_) => vec![
            figure("Made due", counts.made_due, ""),
            figure("Done", counts.done, ""),
            figure("Failed again", counts.failed, ""),
            figure("Called off", counts.called_off, "no longer wanted"),
            figure("Passed over", counts.skipped, ""),
            figure("Waiting", replay.waiting(), ""),
        ],
        Choice::Events(_) => vec![
            figure("Changed something", counts.done, ""),
            figure("Changed nothing", counts.unchanged, ""),
            figure("Failed", counts.failed, ""),
            figure("Passed over", counts.skipped, ""),
        ],
    }
}

fn expected(preview: &Preview) -> Vec<Figure> {
    let about = if preview.is_exact() { "" } else { "about" };
    let seconds = SignedDuration::from_secs(i64::try_from(preview.seconds).unwrap_or(i64::MAX));
    vec![
        Figure { name: "Match", value: matched(preview), small: String::new() },
        figure("Begun", preview.begun(), about),
        figure("Passed over", preview.skipped(), about),
        figure("Calls to Persona", preview.calls, "at most"),
        figure("Notices", preview.messages, "at most"),
        Figure { name: "Takes", value: length(seconds), small: "at this budget".to_owned() },
    ]
}

fn estimate(preview: &Preview) -> Option<String> {
    let asked = grouped(preview.asked);
    (!preview.is_exact()).then(|| format!("An estimate: the plan was asked about an even sample of {asked} of them."))
}

fn became(replay: &Stored, one: &BecameOf) -> Became {
    let mark = match one.became {
        What::Failed => Mark::bad("failed again"),
        What::CalledOff => Mark::new("idle", "dash", "called off"),
        What::Skipped => Mark::new("idle", "dash", "passed over"),
    };
    let skip = Skip::parse(&one.reason).filter(|_| one.became == What::Skipped);
    let environment = replay.filter.environment.as_str();
    let failed = one.became == What::Failed && matches!(replay.filter.of, Choice::Actions(_));
    let query = [("state", "failed"), ("environment", environment), ("reason", one.reason.as_str())];
    Became {
        mark,
        why: skip.map_or_else(|| one.reason.clone(), |skip| skip.says().to_owned()),
        count: grouped(one.count),
        href: failed.then(|| href("/actions", &query)),
    }
}

fn group(group: &crate::app::replay::Group) -> Group {
    Group { what: group.what.clone(), why: group.why.clone().unwrap_or_default(), count: grouped(group.count) }
}

fn facts(reader: &Reader, replay: &Stored) -> Vec<Fact> {
    let mut facts = vec![
        Fact::text("Environment", replay.filter.environment.as_str()),
        Fact::when("Looked at", reader.when(replay.as_of)),
        Fact::text("By", replay.made_by.as_str()),
    ];
    facts.extend(replay.per_minute.map(|many| Fact::text("At most", format!("{many} a minute"))));
    if let Some((at, by, why)) = &replay.began {
        facts.push(Fact::when("Started", reader.when(*at)));
        facts.push(Fact::text("By", by.as_str()));
        facts.push(Fact::text("Why", why.as_str()));
    }
    if let Some((by, why)) = &replay.changed {
        facts.push(Fact::text("Changed by", by.as_str()));
        facts.push(Fact::text("Why", why.as_str()));
    }
    facts.extend(replay.ended_at.map(|at| Fact::when("Ended", reader.when(at))));
    facts.push(Fact::id("Id", replay.id.as_str()));
    facts
}
