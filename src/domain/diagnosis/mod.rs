//! Why can't they get in? One answer, with the evidence it rests on and what helps.
//!
//! Persona's own list of causes is behind it (<https://docs.withpersona.com/ensuring-user-access-to-inquiries>,
//! <https://docs.withpersona.com/resuming-inquiries>): people lose the tab with the session token, sessions and
//! inquiries expire, links are used, templates change. The decision itself is [`crate::domain::access`]'s; here it is
//! asked for and explained.

mod cause;
mod evidence;
mod facts;
mod help;
mod outside;

use std::collections::BTreeSet;
use std::fmt;

use crate::domain::access::{Access, Form, Sessions, Way};
use crate::domain::action::{Action, Kind};
use crate::domain::ids::{EnvironmentName, InquiryId};
use crate::domain::inquiry::{Inquiry, Person};
use crate::domain::plan::{Situation, Standing};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

pub use self::cause::Cause;
pub use self::evidence::{By, Evidence};
pub use self::facts::{Acting, Around, Facts, Gift, Given, Heard, Paused, Trouble};
pub use self::help::Help;

/// Whether somebody gets in who comes now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// They do.
    Yes,
    /// They do: the inquiry is resumed for them.
    AfterRevival,
    /// They do: another inquiry is made for them.
    AfterReplacement,
    /// Not now, but soon.
    NotNow,
    /// They don't, until somebody does something about it.
    No,
    /// They need not: it is finished.
    NotNeeded,
}

impl Answer {
    /// The answer as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::AfterRevival => "after-revival",
            Self::AfterReplacement => "after-replacement",
            Self::NotNow => "not-now",
            Self::No => "no",
            Self::NotNeeded => "not-needed",
        }
    }

    /// Whether somebody who comes now is let in.
    #[must_use]
    pub const fn lets_in(self) -> bool {
        matches!(self, Self::Yes | Self::AfterRevival | Self::AfterReplacement)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Yes => "Yes, with a fresh link.",
            Self::AfterRevival => "Yes: it is resumed for them when they come.",
            Self::AfterReplacement => "Yes: another inquiry is made for them when they come.",
            Self::NotNow => "Not now, but soon.",
            Self::No => "No.",
            Self::NotNeeded => "They need not.",
        })
    }
}

/// The diagnosis of one inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    environment: EnvironmentName,
    asked: InquiryId,
    inquiry: InquiryId,
    status: Option<Status>,
    person: Option<Person>,
    answer: Answer,
    causes: Vec<Cause>,
    evidence: Vec<Evidence>,
    actions: Vec<Action>,
    quiet: Option<String>,
    help: Vec<Help>,
    made_at: Timestamp,
}

impl Diagnosis {
    /// The environment of the inquiry.
    #[must_use]
    pub const fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    /// The inquiry that was asked about.
    #[must_use]
    pub const fn asked(&self) -> &InquiryId {
        &self.asked
    }

    /// The inquiry the person is to get into; another one than was asked about where that was replaced, or is not the
    /// person's newest.
    #[must_use]
    pub const fn inquiry(&self) -> &InquiryId {
        &self.inquiry
    }

    /// How that one stands.
    #[must_use]
    pub const fn status(&self) -> Option<&Status> {
        self.status.as_ref()
    }

    /// Whom it is for.
    #[must_use]
    pub const fn person(&self) -> Option<&Person> {
        self.person.as_ref()
    }

    /// Whether they get in.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        self.answer
    }

    /// Why what they have at hand does not let them in, or nothing does.
    #[must_use]
    pub fn cause(&self) -> &Cause {
        self.causes.first().unwrap_or(&Cause::StatusUnknown)
    }

    /// What else is in the way, or keeps them from being reminded.
    #[must_use]
    pub fn also(&self) -> &[Cause] {
        self.causes.get(1..).unwrap_or_default()
    }

    /// The answer and its causes in plain words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let causes: Vec<String> = self.causes.iter().map(ToString::to_string).collect();
        format!("{} {}", self.answer, causes.join(" "))
    }

    /// What it rests on, in time order.
    #[must_use]
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// What Rekindle did about the verification, failed to do, and is going to do; in the order of their due times.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// Why nobody is going to be reminded, where that is so.
    #[must_use]
    pub fn quiet(&self) -> Option<&str> {
        self.quiet.as_deref()
    }

    /// What helps, most of all first.
    #[must_use]
    pub fn help(&self) -> &[Help] {
        &self.help
    }

    /// When it was made, by our clock.
    #[must_use]
    pub const fn made_at(&self) -> Timestamp {
        self.made_at
    }
}

impl<'a> Situation<'a> {
    /// The inquiry of the group that the person of another one is to get into; itself where it is the one.
    #[must_use]
    pub fn way_in(&self, inquiry: &'a Inquiry) -> &'a Inquiry {
        let mut current = inquiry;
        let mut seen = BTreeSet::from([&inquiry.id]);
        while let Access::Elsewhere(other) = self.access(current, Form::Browser, Sessions::default()) {
            match self.group.iter().find(|member| member.id == other) {
                Some(next) if seen.insert(&next.id) => current = next,
                _ => break,
            }
        }
        current
    }
}

impl Facts<'_> {
    /// The diagnosis of an inquiry of the group.
    #[must_use]
    pub fn diagnose(&self, asked: &Inquiry) -> Diagnosis {
        let situation = &self.situation;
        let asked_in_group = situation.group.iter().find(|member| member.id == asked.id).unwrap_or(asked);
        let inquiry = situation.way_in(asked_in_group);
        let access = situation.access(inquiry, Form::Browser, self.sessions);
        let (mut answer, mut causes) = self.decided(inquiry, &access);
        if answer.lets_in()
            && let Some((blocked, cause)) = self.blocked()
        {
            answer = blocked;
            causes.insert(0, cause);
        }
        causes.extend(self.unreminded(inquiry, answer));
        let quiet = match situation.standing(inquiry) {
            Standing::Quiet(why) => Some(why.to_string()),
            Standing::Reminded { held_out: true, .. } => Some(HELD_OUT.to_owned()),
            Standing::Reminded { .. } | Standing::Revived(_) | Standing::Replaced(_) => None,
        };
        let actions = self.actions(inquiry);
        let help = help::of(answer, &causes, &actions);
        Diagnosis {
            environment: inquiry.environment.clone(),
            asked: asked.id.clone(),
            inquiry: inquiry.id.clone(),
            status: inquiry.status().cloned(),
            person: inquiry.person(),
            answer,
            evidence: self.evidence(asked_in_group, inquiry, &causes),
            causes,
            actions,
            quiet,
            help,
            made_at: situation.now,
        }
    }

    /// What the decision means for somebody who comes.
    fn decided(&self, inquiry: &Inquiry, access: &Access) -> (Answer, Vec<Cause>) {
        match access {
            Access::Done { inquiry, status } => {
                (Answer::NotNeeded, vec![Cause::Done { inquiry: inquiry.clone(), status: status.clone() }])
            }
            Access::Failed => (Answer::No, vec![Cause::Failed]),
            Access::Closed(closed) => (Answer::No, vec![Cause::of_closed(*closed)]),
            Access::Elsewhere(_) => (Answer::No, vec![Cause::StatusUnknown]),
            Access::Enter(way) => {
                let mut causes = vec![self.at_hand(inquiry)];
                if *way == Way::ExistingSession {
                    causes.push(Cause::LimitReached { made: self.sessions.made });
                }
                if inquiry.is_superseded(self.situation.template) {
                    causes.push(self.superseded(inquiry));
                }
                (Answer::Yes, causes)
            }
            Access::Revive => (Answer::AfterRevival, vec![Cause::Expired { at: expired_at(inquiry) }]),
            Access::Replace(why) => (Answer::AfterReplacement, self.of_replacement(inquiry, *why)),
        }
    }

    /// What keeps Rekindle from letting anybody in here.
    fn blocked(&self) -> Option<(Answer, Cause)> {
        let around = self.around;
        match around.acting {
            Acting::Observing => return Some((Answer::No, Cause::Observing)),
            Acting::NoKey => return Some((Answer::No, Cause::NoKey)),
            Acting::NotConfigured => return Some((Answer::No, Cause::NotConfigured)),
            Acting::Yes => {}
        }
        if let Some(until) = around.spent_until.filter(|until| *until > self.situation.now) {
            return Some((Answer::NotNow, Cause::BudgetSpent { until }));
        }
        let recent = |trouble: &&Trouble| self.situation.now.since(trouble.at) < cause::LATELY;
        let trouble = around.trouble.as_ref().filter(recent)?;
        Some((Answer::NotNow, Cause::Unreachable { since: trouble.at, error: trouble.error.clone() }))
    }

    /// What keeps the person from being told: who comes by themselves still gets in.
    fn unreminded(&self, inquiry: &Inquiry, answer: Answer) -> Vec<Cause> {
        if answer == Answer::NotNeeded {
            return Vec::new();
        }
        let mut causes = Vec::new();
        if self.situation.lineages.is_muted(&inquiry.id) {
            causes.push(Cause::Muted);
        }
        let lineage = self.situation.lineages.first(&inquiry.id);
        let suppressed = self.situation.addressee.suppressed.iter();
        let theirs = suppressed.filter(|one| one.lineage.as_ref().is_none_or(|of| of == lineage));
        causes.extend(theirs.map(|one| Cause::Suppressed {
            notifier: one.notifier.clone(),
            since: one.since,
            reason: one.reason.clone(),
        }));
        if let Standing::Reminded { left_out, held_out, .. } = self.situation.standing(inquiry) {
            causes.extend(held_out.then_some(Cause::HeldOut));
            causes.extend(left_out.into_iter().map(|step| Cause::NoMoment { step }));
        }
        let wanted = match answer {
            Answer::AfterRevival => [Kind::Remind, Kind::Revive],
            Answer::AfterReplacement => [Kind::Remind, Kind::Replace],
            _ => [Kind::Remind, Kind::Remind],
        };
        let paused = self.around.paused.iter().filter(|paused| wanted.contains(&paused.kind));
        causes.extend(paused.map(|paused| Cause::LanePaused(paused.clone())));
        causes
    }

    /// The actions of the verification, by due time.
    fn actions(&self, inquiry: &Inquiry) -> Vec<Action> {
        let lineages = self.situation.lineages;
        let theirs = |action: &&Action| {
            let of = &action.planned.inquiry;
            *of == inquiry.id || lineages.are_one(of, &inquiry.id)
        };
        let mut actions: Vec<Action> = self.situation.actions.iter().filter(theirs).cloned().collect();
        actions.sort_by_key(|action| (action.planned.due_at, action.planned.id.clone()));
        actions
    }
}

/// Why nobody reminds somebody who is held out.
pub const HELD_OUT: &str = "the person is held out to measure what reminding does";

/// When an inquiry expired, as far as that is known.
fn expired_at(inquiry: &Inquiry) -> Option<Timestamp> {
    inquiry.last_expired.or_else(|| inquiry.known.expires_at().copied())
}
