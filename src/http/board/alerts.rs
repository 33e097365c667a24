//! Alerts as they stand, what was told of them, and silences.

use axum::response::Response;

use crate::app::board::{AlertNotice, AlertsRead};
use crate::domain::act::Act as Deed;
use crate::domain::alert::{Alert, AlertState, News};
use crate::domain::ids::EnvironmentName;
use crate::http::board::page::{Trouble, sentence};
use crate::http::board::reader::Reader;
use crate::http::board::view::alerts::{Alerts, Environment, Line, Told};
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::{Act, path};
use crate::http::board::view::mark::Mark;

/// How often the page looks again, in seconds.
const LIVE: u32 = 15;

/// How long a silence is unless somebody says otherwise.
const USUALLY: &str = "2h";

/// Every alert.
pub(super) async fn page(reader: Reader) -> Response {
    let page = alerts(&reader).await;
    reader.answer(page)
}

async fn alerts(reader: &Reader) -> Result<Alerts, Trouble> {
    let board = reader.board();
    let AlertsRead { alerts, notices, notify } = board.alerts().await?;
    let environments = board.environments();
    let of = |name: &EnvironmentName| Environment {
        name: name.to_string(),
        loud: lines(reader, &alerts, name, true),
        quiet: lines(reader, &alerts, name, false),
    };
    Ok(Alerts {
        frame: reader.frame("Alerts", Place::Alerts, LIVE),
        environments: environments.iter().map(of).collect(),
        notify: notify.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        told: notices.iter().map(|notice| told(reader, notice)).collect(),
    })
}

/// The alerts of an environment that are worth a look, or the others.
fn lines(reader: &Reader, alerts: &[Alert], environment: &EnvironmentName, loud: bool) -> Vec<Line> {
    let is_loud = |alert: &Alert| alert.state != AlertState::Quiet || alert.is_silenced(reader.now());
    let wanted = alerts.iter().filter(|alert| alert.environment == *environment && is_loud(alert) == loud);
    wanted.map(|alert| line(reader, alert)).collect()
}

fn line(reader: &Reader, alert: &Alert) -> Line {
    let silenced = alert.silenced.as_ref().filter(|_| alert.is_silenced(reader.now()));
    let note = silenced.map(|silenced| format!("Silenced by {}: {} Ends", silenced.by, sentence(&silenced.why)));
    let quiet = alert.state == AlertState::Quiet;
    Line {
        title: alert.name.title(),
        name: alert.name.as_str(),
        state: match (alert.state, silenced.is_some()) {
            (AlertState::Quiet, true) => Mark::new("idle", "pause", "quiet, silenced"),
            (AlertState::Quiet, false) => Mark::ok("quiet"),
            (AlertState::Pending, _) => Mark::new("warn", "clock", "not for long yet"),
            (AlertState::Firing, true) => Mark::new("idle", "pause", "silenced"),
            (AlertState::Firing, false) => Mark::bad("firing"),
        },
        since: (!quiet).then(|| reader.when(alert.since)),
        what: if quiet { String::new() } else { sentence(&alert.summary) },
        help: if quiet { Vec::new() } else { parts(alert.name.help()) },
        silenced: silenced.map(|silenced| reader.when(silenced.until)),
        note: note.unwrap_or_default(),
        act: act(reader, alert, silenced.is_some()),
    }
}

/// A text in parts, each with whether it is code.
fn parts(text: &'static str) -> Vec<(bool, &'static str)> {
    text.split('`').enumerate().map(|(at, part)| (at % 2 == 1, part)).collect()
}

fn act(reader: &Reader, alert: &Alert, silenced: bool) -> Option<Act> {
    let (environment, name) = (&alert.environment, alert.name.as_str());
    let to = |word| path(&["alerts", environment.as_str(), name, word]);
    let id = |word| format!("{word}-{environment}-{name}");
    if silenced {
        let means = "Whoever is told of alerts is told of this one again, if it fires.";
        let act = Act::of(id("unsilence"), "Unsilence…", to("unsilence"), means);
        return reader.may(Deed::UnsilenceAlert, environment).then_some(act);
    }
    let means = "Nobody is told of it until then. It is still shown here, and who was told that it fires is told when it is over.";
    let mut act = Act::of(id("silence"), "Silence…", to("silence"), means);
    act.ask = Some(("long", "For how long, such as 2h, 90m or 3d", USUALLY.to_owned()));
    reader.may(Deed::SilenceAlert, environment).then_some(act)
}

fn told(reader: &Reader, notice: &AlertNotice) -> Told {
    let came = match (notice.ended_at, &notice.error) {
        (Some(_), None) => Mark::ok("taken"),
        (Some(_), Some(error)) => Mark::new("idle", "ring", format!("given up: {error}")),
        (None, Some(error)) => Mark::new("warn", "clock", format!("is tried again: {error}")),
        (None, None) => Mark::new("warn", "clock", "on its way"),
    };
    let news = match notice.news {
        News::Firing => "fires",
        News::Resolved => "is over",
    };
    Told {
        when: reader.when(notice.created_at),
        what: format!("{} {news}", notice.name.title()),
        environment: notice.environment.to_string(),
        summary: sentence(&notice.summary),
        notifier: notice.notifier.to_string(),
        came,
    }
}
