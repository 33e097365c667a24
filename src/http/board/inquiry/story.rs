//! What happened to an inquiry, its actions and its links, each as a line.

use crate::app::board::{AccessLink, Moment as Happened, What};
use crate::app::queries::in_words;
use crate::domain::act::Act as Deed;
use crate::domain::action::Action;
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::http::board::actions::time;
use crate::http::board::reader::Reader;
use crate::http::board::view::inquiry::{ActionRow, LinkRow, Moment};
use crate::http::board::view::list::{Act, path};
use crate::http::board::view::mark::Mark;

/// An action as a line.
pub(super) fn action(reader: &Reader, action: &Action) -> ActionRow {
    ActionRow {
        words: in_words(action),
        href: path(&["actions", action.planned.id.as_str()]),
        state: Mark::of_state(action.state.as_str()),
        when: reader.when(time(action)),
        reason: action.reason.clone().unwrap_or_default(),
    }
}

/// An access link as a line, with the form that revokes it.
pub(super) fn link(reader: &Reader, link: &AccessLink, inquiry: &InquiryId) -> LinkRow {
    let id = link.id.to_string();
    let state = if link.revoked_at.is_some() {
        Mark::bad("revoked")
    } else if link.expires_at <= reader.now() {
        Mark::new("idle", "clock", "expired")
    } else if link.opens >= link.max_opens {
        Mark::new("warn", "square", "used up")
    } else {
        Mark::ok("opens")
    };
    let may = state.tone == "ok" && reader.may(Deed::RevokeLink, &link.environment);
    let revoke = may.then(|| {
        let means = "It opens no more; whoever has it can ask for a new one from its page.";
        let to = path(&["inquiries", link.environment.as_str(), inquiry.as_str(), "revoke-link"]);
        let act = Act::of(format!("revoke-{id}"), "Revoke…", to, means).dangerous();
        Act { fields: vec![("link", id.clone())], ..act }
    });
    let by = match (&link.revoked_by, &link.revoked_why, &link.made_for) {
        (Some(by), Some(why), _) => format!("revoked by {by}: {why}"),
        (Some(by), None, _) => format!("revoked by {by}"),
        (None, _, Some(_)) => "in a notice".to_owned(),
        (None, _, None) => "asked for".to_owned(),
    };
    let opens = format!("opened {} of {} times", link.opens, link.max_opens);
    LinkRow { id, state, opens, until: reader.when(link.expires_at), by, revoke }
}

/// Something that happened, as a line.
pub(super) fn moment(reader: &Reader, environment: &EnvironmentName, happened: &Happened) -> Moment {
    let outcome = happened.outcome.as_deref();
    let mark = match happened.what {
        What::Event => Mark::of_outcome(outcome),
        What::Attempt | What::Ended => Mark::of_attempt(outcome.unwrap_or_default()),
        What::Planned => Mark::new("idle", "clock", ""),
        What::Notice | What::Link => Mark::new("live", "dot", ""),
        What::Opened | What::Admitted => Mark::ok(""),
        What::Revoked => Mark::bad(""),
        What::Replaced => Mark::new("live", "half", ""),
        What::Read => Mark::new("idle", "ring", ""),
        What::Deed => Mark::new("warn", "diamond", ""),
    };
    let place = match happened.what {
        What::Event => Some(path(&["events", environment.as_str(), &happened.id])),
        What::Planned | What::Attempt | What::Ended | What::Notice => Some(path(&["actions", &happened.id])),
        What::Replaced => Some(path(&["inquiries", environment.as_str(), &happened.id])),
        What::Link | What::Opened | What::Revoked | What::Admitted | What::Read | What::Deed => None,
    };
    let parts = [happened.reason.clone(), happened.who.as_ref().map(|who| format!("by {who}"))];
    Moment {
        id: format!("at-{}-{}-{}", happened.at.as_micros(), happened.what.as_str(), happened.id),
        when: reader.when(happened.at),
        tone: mark.tone,
        shape: mark.shape,
        kind: happened.what.as_str(),
        words: happened.words.clone(),
        href: place,
        outcome: happened.outcome.clone().unwrap_or_default(),
        reason: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
    }
}
