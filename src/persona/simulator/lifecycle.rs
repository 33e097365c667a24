//! The moves of an inquiry from one status to the next (<https://docs.withpersona.com/model-lifecycle>).

use serde_json::Value;

use super::inquiries::Inquiry;
use super::refusal::Refusal;
use super::times::whole_second;
use super::unknowns::{Needless, RefusalStatus};
use super::world::World;
use crate::domain::ids::{InquiryId, SessionId};
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// One thing that can happen to an inquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// The person begins: a verification is submitted.
    Start,
    /// The person goes on to this step; to the template's next one when none is named.
    Step(Option<String>),
    /// The person reaches the success screen.
    Complete,
    /// The person reaches the failure screen.
    Fail,
    /// It is expired before its time.
    Expire,
    /// Somebody shall look at it.
    MarkForReview,
    /// Decided for.
    Approve,
    /// Decided against.
    Decline,
    /// What is known of the person is erased.
    Redact,
}

impl Move {
    /// Reads a move from its name in a route, such as `mark-for-review`.
    pub(super) fn named(name: &str, to: Option<String>) -> Option<Self> {
        Some(match name {
            "start" => Self::Start,
            "step" => Self::Step(to),
            "complete" => Self::Complete,
            "fail" => Self::Fail,
            "expire" => Self::Expire,
            "mark-for-review" => Self::MarkForReview,
            "approve" => Self::Approve,
            "decline" => Self::Decline,
            "redact" => Self::Redact,
            _ => return None,
        })
    }

    const fn event(&self) -> &'static str {
        match self {
            Self::Start => "inquiry.started",
            Self::Step(_) => "inquiry.transitioned",
            Self::Complete => "inquiry.completed",
            Self::Fail => "inquiry.failed",
            Self::Expire => "inquiry.expired",
            Self::MarkForReview => "inquiry.marked-for-review",
            Self::Approve => "inquiry.approved",
            Self::Decline => "inquiry.declined",
            Self::Redact => "inquiry.redacted",
        }
    }

    fn is_allowed(&self, inquiry: &Inquiry) -> bool {
        let not_redacted = inquiry.times.redacted_at.is_none();
        not_redacted
            && match (self, &inquiry.status) {
                (Self::Start, Status::Pending) => inquiry.times.started_at.is_none(),
                (Self::Start, status) => *status == Status::Created,
                (Self::Step(_), status) => *status == Status::Pending,
                (Self::Complete | Self::Fail | Self::Expire, status) => status.is_open(),
                (Self::MarkForReview, status) => {
                    !matches!(status, Status::Approved | Status::Declined | Status::NeedsReview)
                }
                (Self::Approve, status) => *status != Status::Approved,
                (Self::Decline, status) => *status != Status::Declined,
                (Self::Redact, _) => true,
            }
    }

    /// Whether nobody can go on in the inquiry afterwards.
    const fn ends_the_flow(&self) -> bool {
        !matches!(self, Self::Start | Self::Step(_))
    }
}

impl World {
    /// Makes a move, and says whether it changed anything.
    pub(super) fn make(&mut self, id: &InquiryId, step: &Move, now: Timestamp) -> Result<bool, Refusal> {
        self.make_commented(id, step, None, now)
    }

    /// Makes a move with a reviewer's comment.
    pub(super) fn make_commented(
        &mut self,
        id: &InquiryId,
        step: &Move,
        comment: Option<String>,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let inquiry = self.inquiry(id)?;
        if !step.is_allowed(inquiry) {
            return self.needless(id, step);
        }
        let after_next = self.template(&inquiry.template)?.step_after(inquiry.next_step.as_deref()).to_owned();
        let inquiry = self.inquiry_mut(id)?;
        inquiry.apply(step, after_next, now);
        inquiry.reviewer_comment = comment.or(inquiry.reviewer_comment.take());
        self.keep_deadline(id);
        self.changed(id, Some(step.event()), now)?;
        if step.ends_the_flow() {
            self.expire_sessions_of(id, now);
        }
        Ok(true)
    }

    fn needless(&self, id: &InquiryId, step: &Move) -> Result<bool, Refusal> {
        let details = format!("Inquiry is {}", self.inquiry(id)?.state_in_words());
        match (step, self.unknowns.expire_when_not_open) {
            (Move::Expire, Needless::Accepted) => Ok(false),
            (Move::Expire, Needless::UnprocessableEntity) => Err(RefusalStatus::UnprocessableEntity.because(details)),
            _ => Err(Refusal::conflict(details)),
        }
    }

    /// Resumes an inquiry and gives out a session for it: an unused one if there is one, else a new one.
    pub(super) fn resume(&mut self, id: &InquiryId, now: Timestamp) -> Result<SessionId, Refusal> {
        let unknowns = self.unknowns.clone();
        let inquiry = self.inquiry_mut(id)?;
        let refused = Refusal::conflict(format!("Inquiry is {} and can't be resumed", inquiry.state_in_words()));
        let moves_expiry = match inquiry.status {
            _ if inquiry.times.redacted_at.is_some() => return Err(refused),
            Status::Expired => true,
            Status::Pending => unknowns.resume_of_pending_moves_expiry,
            Status::Created if unknowns.resume_accepts_created => false,
            _ => return Err(refused),
        };
        let was_expired = inquiry.status == Status::Expired;
        let sessions_left = !self.session_limit_reached(id)?;
        if !sessions_left && self.unused_session_of(id).is_none() {
            return Err(unknowns.session_limit_refusal.because("Inquiry has reached its limit of sessions"));
        }
        let inquiry = self.inquiry_mut(id)?;
        if was_expired {
            inquiry.status = Status::Pending;
            inquiry.times.expired_at = inquiry.times.expired_at.filter(|_| !unknowns.resume_clears_expired_at);
        }
        if moves_expiry {
            inquiry.times.expires_at = Some(whole_second(now).plus(inquiry.life.from_resume));
        }
        self.keep_deadline(id);
        let session = match self.unused_session_of(id) {
            Some(session) => session.id.clone(),
            None => self.new_session(id, now)?,
        };
        self.changed(id, unknowns.resume_fires_event.then_some("inquiry.resumed"), now)?;
        Ok(session)
    }

    fn session_limit_reached(&self, id: &InquiryId) -> Result<bool, Refusal> {
        let inquiry = self.inquiry(id)?;
        Ok(inquiry.sessions.len() >= self.template(&inquiry.template)?.session_limit)
    }
}

impl Inquiry {
    fn apply(&mut self, step: &Move, after_next: String, now: Timestamp) {
        let at = Some(whole_second(now));
        match step {
            Move::Start => {
                self.status = Status::Pending;
                self.times.started_at = at;
                if let Some(life) = self.life.from_start {
                    self.times.expires_at = at.map(|at| at.plus(life));
                }
                self.go_to(after_next);
            }
            Move::Step(to) => self.go_to(to.clone().unwrap_or(after_next)),
            Move::Complete => self.end(Status::Completed, "success", |times| times.completed_at = at),
            Move::Fail => self.end(Status::Failed, "failure", |times| times.failed_at = at),
            Move::MarkForReview => self.end(Status::NeedsReview, "review", |times| times.marked_for_review_at = at),
            Move::Approve => self.decide(Status::Approved, "success", at),
            Move::Decline => self.decide(Status::Declined, "failure", at),
            Move::Expire => {
                self.status = Status::Expired;
                self.times.expired_at = at;
                self.times.expires_at = None;
            }
            Move::Redact => self.erase(at),
        }
    }

    fn go_to(&mut self, step: String) {
        self.previous_step = self.next_step.replace(step);
    }

    fn end(&mut self, status: Status, screen: &str, note: impl FnOnce(&mut super::inquiries::Times)) {
        self.status = status;
        self.times.expires_at = None;
        note(&mut self.times);
        if self.next_step.as_deref() != Some(screen) {
            self.go_to(screen.to_owned());
        }
    }

    fn decide(&mut self, status: Status, screen: &str, at: Option<Timestamp>) {
        self.end(status, screen, |times| times.decisioned_at = at);
        self.decided_by = Some("user_SimulatedReviewer".to_owned());
    }

    fn erase(&mut self, at: Option<Timestamp>) {
        self.times.redacted_at = at;
        self.times.expires_at = None;
        self.note = None;
        self.reviewer_comment = None;
        self.fields.values_mut().for_each(|value| *value = Value::Null);
    }
}
