//! What a person, or the application on their behalf, is to be told.

use secrecy::SecretString;

use crate::domain::alert::{AlertName, News};
use crate::domain::ids::{ActionId, EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::domain::lineage::Cause;
use crate::domain::rules::LinkForm;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;
use crate::notify::recipient::Recipient;

/// One notice. Nothing in it names the person but the application's own reference id.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The action it comes from; the same on every try.
    pub id: ActionId,
    /// What it is about.
    pub kind: NoticeKind,
    /// The environment of the inquiry.
    pub environment: EnvironmentName,
    /// The inquiry.
    pub inquiry_id: InquiryId,
    /// The application's name for the person.
    pub reference_id: Option<ReferenceId>,
    /// The template the inquiry was made from.
    pub template_id: Option<TemplateId>,
    /// Which step of the rule, as the rule writes it (`50%`, `3h`).
    pub step: String,
    /// The inquiry's status.
    pub status: Status,
    /// The step of the flow the person is to do next, as the template names it.
    pub next_step: Option<String>,
    /// When the inquiry expires.
    pub deadline: Timestamp,
    /// The way in.
    pub link: SecretString,
    /// What kind of link it is.
    pub link_form: LinkForm,
    /// The person it is for, where their address is known.
    pub to: Option<Recipient>,
    /// A link by which whoever gets it asks for no more; one `POST` is enough (RFC 8058).
    pub unsubscribe: Option<SecretString>,
    /// When the notice was made; the same on every try.
    pub created_at: Timestamp,
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeKind {
    /// The inquiry waits for the person, and time is running out.
    Reminder,
}

/// News for the application: an inquiry took another one's place, and what leads to the old one leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The action it comes from; the same on every try.
    pub id: ActionId,
    /// The environment of the inquiries.
    pub environment: EnvironmentName,
    /// The new inquiry.
    pub inquiry_id: InquiryId,
    /// The one it replaced.
    pub replaced_inquiry_id: InquiryId,
    /// Why.
    pub cause: Cause,
    /// The application's name for the person.
    pub reference_id: Option<ReferenceId>,
    /// The template both were made from.
    pub template_id: Option<TemplateId>,
    /// When it was first to be told; the same on every try.
    pub created_at: Timestamp,
}

/// A fresh link for somebody who came with one that no longer opens, to be sent the way they are usually reached.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The action it comes from; the same on every try.
    pub id: ActionId,
    /// The environment of the inquiry.
    pub environment: EnvironmentName,
    /// The inquiry.
    pub inquiry_id: InquiryId,
    /// The application's name for the person.
    pub reference_id: Option<ReferenceId>,
    /// The template the inquiry was made from.
    pub template_id: Option<TemplateId>,
    /// The way in: an access link.
    pub link: SecretString,
    /// Until when the link opens.
    pub link_expires_at: Timestamp,
    /// The person it is for, where their address is known.
    pub to: Option<Recipient>,
    /// A link by which whoever gets it asks for no more; one `POST` is enough (RFC 8058).
    pub unsubscribe: Option<SecretString>,
    /// When it was asked for; the same on every try.
    pub created_at: Timestamp,
}

/// Something is wrong with the installation, or no longer is: for whoever mends it, and about nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What the receiver knows it by; the same on every try.
    pub id: ActionId,
    /// The environment it is about.
    pub environment: EnvironmentName,
    /// What is wrong.
    pub name: AlertName,
    /// Whether it fires or is over.
    pub news: News,
    /// Since when it fires, or fired.
    pub since: Timestamp,
    /// How much of it there is.
    pub value: u64,
    /// What it is, in a sentence.
    pub summary: String,
    /// One line, ready for a mail.
    pub subject: String,
    /// Plain text, ready for a mail.
    pub text: String,
    /// When it was first to be told; the same on every try.
    pub created_at: Timestamp,
}

/// A reminder of our own for the tests of this floor.
#[cfg(test)]
pub(super) fn example() -> Notice {
    Notice {
        id: ActionId::parse("01JREMINDER").unwrap(),
        kind: NoticeKind::Reminder,
        environment: EnvironmentName::parse("sandbox").unwrap(),
        inquiry_id: InquiryId::parse("inq_Notice1").unwrap(),
        reference_id: ReferenceId::parse("customer-17").ok(),
        template_id: TemplateId::parse("itmpl_Basic1").ok(),
        step: "50%".to_owned(),
        status: Status::Pending,
        next_step: Some("verification_selfie".to_owned()),
        deadline: Timestamp::from_second(1_767_312_000),
        link: SecretString::from("https://withpersona.com/verify?code=us1-xyzzy"),
        link_form: LinkForm::OneTime,
        to: None,
        unsubscribe: None,
        created_at: Timestamp::from_second(1_767_268_800),
    }
}
