//! One-time links (<https://docs.withpersona.com/inquiry-one-time-links>).

use jiff::SignedDuration;
use secrecy::SecretString;

use super::refusal::Refusal;
use super::sessions::SessionStatus;
use super::world::World;
use crate::domain::ids::{InquiryId, SessionId};
use crate::domain::time::Timestamp;

/// How long a used link still opens (<https://docs.withpersona.com/resuming-inquiries>).
pub(super) const GRACE: SignedDuration = SignedDuration::from_mins(5);

pub(super) struct OneTimeLink {
    pub(super) code: String,
    pub(super) short_code: String,
    pub(super) inquiry: InquiryId,
    pub(super) session: SessionId,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
    pub(super) first_used_at: Option<Timestamp>,
    pub(super) killed: bool,
}

/// A one-time link as handed out, in both lengths.
pub(super) struct LinkPair {
    pub(super) long: SecretString,
    pub(super) short: SecretString,
}

impl World {
    /// Makes a new session of an inquiry with a link to it.
    pub(super) fn generate_link(
        &mut self,
        inquiry: &InquiryId,
        life: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<LinkPair, Refusal> {
        let session = self.new_session(inquiry, now)?;
        let moves_expiry = self.unknowns.new_link_moves_expiry;
        let kills_older = self.unknowns.new_link_kills_older;
        let of = self.inquiry_mut(inquiry)?;
        if moves_expiry {
            of.times.expires_at = Some(super::times::whole_second(now).plus(of.life.from_resume));
        }
        let older = of.links.clone();
        for code in older.iter().filter(|_| kills_older) {
            if let Some(link) = self.links.get_mut(code) {
                link.killed = true;
            }
        }
        if moves_expiry {
            self.keep_deadline(inquiry);
            self.changed(inquiry, None, now)?;
        }
        self.link_to(&session, life, now)
    }

    /// Makes a link to a session there is.
    pub(super) fn generate_link_to_session(
        &mut self,
        session: &SessionId,
        now: Timestamp,
    ) -> Result<LinkPair, Refusal> {
        let of = self.session(session)?;
        let inquiry = self.inquiry(&of.inquiry)?;
        if of.status == SessionStatus::Expired || inquiry.open_until().is_none() {
            return Err(self.unknowns.link_refusal.because("Inquiry session is expired"));
        }
        self.link_to(session, None, now)
    }

    fn link_to(
        &mut self,
        session: &SessionId,
        life: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<LinkPair, Refusal> {
        let inquiry = self.session(session)?.inquiry.clone();
        let (code, short_code) = (format!("us1-{}", self.random.word(22)), self.random.word(10));
        let of = self.inquiry_mut(&inquiry)?;
        let life = life.unwrap_or(of.life.one_time_link);
        of.links.push(code.clone());
        let link = OneTimeLink {
            code: code.clone(),
            short_code: short_code.clone(),
            inquiry,
            session: session.clone(),
            created_at: now,
            expires_at: now.plus(life),
            first_used_at: None,
            killed: false,
        };
        let pair = self.addresses(&link);
        self.short_codes.insert(short_code, code.clone());
        self.links.insert(code, link);
        Ok(pair)
    }

    pub(super) fn addresses(&self, link: &OneTimeLink) -> LinkPair {
        LinkPair {
            long: format!("{}/verify?code={}", self.base_url, link.code).into(),
            short: format!("{}/v/{}", self.base_url, link.short_code).into(),
        }
    }
}
