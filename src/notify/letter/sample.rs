//! Letters to an invented person, for trying templates out and for looking at them.

use std::sync::LazyLock;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::{Facts, LAST_CALL};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId, InvalidId, ReferenceId};
use crate::domain::language::Language;
use crate::domain::letter::LetterKind;
use crate::domain::rules::LinkForm;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::notify::notice::{Invitation, Notice, NoticeKind};
use crate::notify::recipient::Recipient;

/// What a template has to bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Somebody who began, of whom everything is known.
    Known,
    /// Somebody who began, shortly before the end.
    LastCall,
    /// Somebody who never began, of whom nothing is known.
    Unknown,
}

/// Where sample links lead: nowhere (RFC 2606).
const LINK: &str = "https://verify.example.com/go/sample-link-that-opens-nothing";
const UNSUBSCRIBE: &str = "https://verify.example.com/no-more/sample";

struct Kept {
    to: Recipient,
    link: SecretString,
    unsubscribe: SecretString,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| Kept {
    to: person("ada@example.com".into(), None),
    link: LINK.into(),
    unsubscribe: UNSUBSCRIBE.into(),
});

impl Sample {
    /// Every sample there is.
    pub const ALL: [Self; 3] = [Self::Known, Self::LastCall, Self::Unknown];

    pub(super) fn facts(self) -> Facts<'static> {
        let known = self != Self::Unknown;
        Facts {
            kind: LetterKind::Reminder,
            language: Language::En,
            to: known.then_some(&KEPT.to),
            link: &KEPT.link,
            until: Timestamp::from_second(1_767_312_000),
            last_call: self == Self::LastCall,
            begun: known,
            next_step: known.then_some("verification_selfie"),
            unsubscribe: known.then_some(&KEPT.unsubscribe),
        }
    }
}

/// A reminder to an invented person, with so long left until the deadline.
///
/// # Errors
/// Never: the ids are fixed.
pub fn sample_notice(
    kind: LetterKind,
    address: SecretString,
    language: Language,
    now: Timestamp,
    left: SignedDuration,
) -> Result<Notice, InvalidId> {
    let step = match kind {
        LetterKind::Revived => "revived",
        LetterKind::Replaced => "replaced",
        LetterKind::Reminder | LetterKind::Invitation if left <= LAST_CALL => "3h",
        LetterKind::Reminder | LetterKind::Invitation => "50%",
    };
    Ok(Notice {
        id: ActionId::parse(&format!("sample-{}", now.as_micros()))?,
        kind: NoticeKind::Reminder,
        environment: EnvironmentName::parse("sample")?,
        inquiry_id: InquiryId::parse("inq_Sample")?,
        reference_id: Some(ReferenceId::parse("customer-17")?),
        template_id: None,
        step: step.to_owned(),
        status: Status::Pending,
        next_step: Some("verification_selfie".to_owned()),
        deadline: now.plus(left),
        link: LINK.into(),
        link_form: LinkForm::Access,
        to: Some(person(address, Some(language))),
        unsubscribe: Some(UNSUBSCRIBE.into()),
        created_at: now,
    })
}

/// A link that an invented person asked for.
///
/// # Errors
/// Never: the ids are fixed.
pub fn sample_invitation(
    address: SecretString,
    language: Language,
    now: Timestamp,
    left: SignedDuration,
) -> Result<Invitation, InvalidId> {
    let Notice {
        id,
        environment,
        inquiry_id,
        reference_id,
        template_id,
        deadline,
        link,
        to,
        unsubscribe,
        created_at,
        ..
    } = sample_notice(LetterKind::Invitation, address, language, now, left)?;
    let link_expires_at = deadline;
    Ok(Invitation {
        id,
        environment,
        inquiry_id,
        reference_id,
        template_id,
        link,
        link_expires_at,
        to,
        unsubscribe,
        created_at,
    })
}

fn person(address: SecretString, language: Option<Language>) -> Recipient {
    Recipient {
        address,
        name: Some("Ada Example".into()),
        language: language.map(|language| language.as_str().to_owned()),
        time_zone: Some(TimeZone::UTC),
    }
}
