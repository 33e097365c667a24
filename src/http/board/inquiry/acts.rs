//! What can be done about an inquiry, for whoever may.

use crate::app::board::InquiryView;
use crate::domain::act::Act as Deed;
use crate::domain::status::Status;
use crate::http::board::reader::Reader;
use crate::http::board::view::list::{Act, path};

/// The forms that stand on its page.
pub(super) fn of(reader: &Reader, found: &InquiryView) -> Vec<Act> {
    let inquiry = &found.stored.inquiry;
    let (environment, status) = (&inquiry.environment, inquiry.status());
    let here = path(&["inquiries", environment.as_str(), inquiry.id.as_str()]);
    let (open, expired) = (status.is_some_and(Status::is_open), status == Some(&Status::Expired));
    let can = |act| match act {
        Deed::Remind => found.acting && open,
        Deed::Revive => found.acting && expired,
        Deed::Replace => found.acting && (open || expired),
        Deed::MintLink => found.acting && !status.is_some_and(Status::is_over),
        Deed::Mute => !found.muted,
        Deed::Unmute => found.muted,
        _ => true,
    };
    let all = [Deed::Remind, Deed::MintLink, Deed::Revive, Deed::Replace, Deed::Reread, Deed::Mute, Deed::Unmute];
    let wanted = all.into_iter().filter(|act| can(*act) && reader.may(*act, environment));
    wanted.filter_map(|act| form(act, &here)).collect()
}

fn form(act: Deed, here: &str) -> Option<Act> {
    let (name, means) = match act {
        Deed::Remind => (
            "Remind now…",
            "They get a notice with a fresh link. The plan is asked right before, so nobody who finished is troubled.",
        ),
        Deed::MintLink => (
            "Make an access link…",
            "You get a link that lets them in, to hand to them yourself. Whoever has it gets in, so send it to nobody else.",
        ),
        Deed::Revive => ("Revive…", "It is resumed at Persona, and they are told."),
        Deed::Replace => (
            "Replace…",
            "A new inquiry takes its place; this one is expired. What they did in it does not count any more.",
        ),
        Deed::Reread => ("Read again…", "Persona is asked how it stands. It costs one call of the budget."),
        Deed::Mute => {
            ("Mute…", "Nobody is told anything about this verification. Whoever comes by themselves still gets in.")
        }
        Deed::Unmute => ("Unmute…", "They are told again, as the rules say."),
        _ => return None,
    };
    let word = act.as_str();
    let form = Act::of(word, name, format!("{here}/{}", word.replace('_', "-")), means);
    let form = Act { reason_wanted: act.touches_people(), ..form };
    Some(if act == Deed::Replace { form.dangerous() } else { form })
}
