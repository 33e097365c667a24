//! The body of a notice, as receivers see it.

use secrecy::ExposeSecret;
use serde::Serialize;

use crate::domain::alert::News;
use crate::domain::ids::{ReferenceId, TemplateId};
use crate::domain::time::Timestamp;
use crate::notify::error::NotifyError;
use crate::notify::letter::Letter;
use crate::notify::notice::{Alert, Invitation, Notice, NoticeKind, Replaced};

#[derive(Serialize)]
struct Envelope<T> {
    r#type: &'static str,
    timestamp: String,
    data: T,
}

#[derive(Serialize)]
struct Reminder<'a> {
    environment: &'a str,
    inquiry_id: &'a str,
    reference_id: Option<&'a str>,
    template_id: Option<&'a str>,
    status: &'a str,
    step: &'a str,
    next_step: Option<&'a str>,
    deadline: String,
    link: &'a str,
    link_form: String,
    unsubscribe: Option<&'a str>,
    message: Message<'a>,
}

/// How to say it: what the e-mail channel would write, for receivers that write in their own way.
#[derive(Serialize)]
struct Message<'a> {
    language: &'static str,
    subject: &'a str,
    text: &'a str,
}

impl<'a> Message<'a> {
    fn of(letter: &'a Letter) -> Self {
        Self { language: letter.language.as_str(), subject: &letter.subject, text: letter.text.expose_secret() }
    }
}

#[derive(Serialize)]
struct Replacement<'a> {
    environment: &'a str,
    inquiry_id: &'a str,
    replaced_inquiry_id: &'a str,
    cause: &'static str,
    reference_id: Option<&'a str>,
    template_id: Option<&'a str>,
}

#[derive(Serialize)]
struct LinkRequest<'a> {
    environment: &'a str,
    inquiry_id: &'a str,
    reference_id: Option<&'a str>,
    template_id: Option<&'a str>,
    link: &'a str,
    link_form: &'static str,
    link_expires_at: String,
    unsubscribe: Option<&'a str>,
    message: Message<'a>,
}

/// A body of a kind, and when what it tells of happened.
pub(super) fn enveloped(kind: &'static str, at: Timestamp, data: impl Serialize) -> Result<String, NotifyError> {
    let envelope = Envelope { r#type: kind, timestamp: at.to_string(), data };
    serde_json::to_string(&envelope).map_err(|_| NotifyError::Unsendable("it has no JSON form"))
}

/// The body that tells of a replacement; the same on every try.
pub(super) fn replaced(news: &Replaced) -> Result<String, NotifyError> {
    let envelope = Envelope {
        r#type: "inquiry.replaced",
        timestamp: news.created_at.to_string(),
        data: Replacement {
            environment: news.environment.as_str(),
            inquiry_id: news.inquiry_id.as_str(),
            replaced_inquiry_id: news.replaced_inquiry_id.as_str(),
            cause: news.cause.as_str(),
            reference_id: news.reference_id.as_ref().map(ReferenceId::as_str),
            template_id: news.template_id.as_ref().map(TemplateId::as_str),
        },
    };
    serde_json::to_string(&envelope).map_err(|_| NotifyError::Unsendable("it has no JSON form"))
}

/// The body that hands on a link that somebody asked for; the same on every try.
pub(super) fn invitation(invitation: &Invitation, letter: &Letter) -> Result<String, NotifyError> {
    let envelope = Envelope {
        r#type: "inquiry.link_requested",
        timestamp: invitation.created_at.to_string(),
        data: LinkRequest {
            environment: invitation.environment.as_str(),
            inquiry_id: invitation.inquiry_id.as_str(),
            reference_id: invitation.reference_id.as_ref().map(ReferenceId::as_str),
            template_id: invitation.template_id.as_ref().map(TemplateId::as_str),
            link: invitation.link.expose_secret(),
            link_form: "access",
            link_expires_at: invitation.link_expires_at.to_string(),
            unsubscribe: invitation.unsubscribe.as_ref().map(ExposeSecret::expose_secret),
            message: Message::of(letter),
        },
    };
    serde_json::to_string(&envelope).map_err(|_| NotifyError::Unsendable("it has no JSON form"))
}

#[derive(Serialize)]
struct AlertBody<'a> {
    environment: &'a str,
    alert: &'static str,
    title: &'static str,
    since: String,
    value: u64,
    summary: &'a str,
    subject: &'a str,
    text: &'a str,
}

/// The body that tells of an alert; the same on every try.
pub(super) fn alert(alert: &Alert) -> Result<String, NotifyError> {
    let envelope = Envelope {
        r#type: match alert.news {
            News::Firing => "alert.firing",
            News::Resolved => "alert.resolved",
        },
        timestamp: alert.created_at.to_string(),
        data: AlertBody {
            environment: alert.environment.as_str(),
            alert: alert.name.as_str(),
            title: alert.name.title(),
            since: alert.since.to_string(),
            value: alert.value,
            summary: &alert.summary,
            subject: &alert.subject,
            text: &alert.text,
        },
    };
    serde_json::to_string(&envelope).map_err(|_| NotifyError::Unsendable("it has no JSON form"))
}

/// The body; the same on every try, since it holds no time of sending.
pub(super) fn body(notice: &Notice, letter: &Letter) -> Result<String, NotifyError> {
    let envelope = Envelope {
        r#type: match notice.kind {
            NoticeKind::Reminder => "inquiry.reminder",
        },
        timestamp: notice.created_at.to_string(),
        data: Reminder {
            environment: notice.environment.as_str(),
            inquiry_id: notice.inquiry_id.as_str(),
            reference_id: notice.reference_id.as_ref().map(ReferenceId::as_str),
            template_id: notice.template_id.as_ref().map(TemplateId::as_str),
            status: notice.status.as_str(),
            step: &notice.step,
            next_step: notice.next_step.as_deref(),
            deadline: notice.deadline.to_string(),
            link: notice.link.expose_secret(),
            link_form: notice.link_form.to_string(),
            unsubscribe: notice.unsubscribe.as_ref().map(ExposeSecret::expose_secret),
            message: Message::of(letter),
        },
    };
    serde_json::to_string(&envelope).map_err(|_| NotifyError::Unsendable("it has no JSON form"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::letter::Letters;
    use crate::notify::notice::example;

    fn letter(notice: &Notice) -> Letter {
        Letters::standard().of_notice(notice).unwrap()
    }

    #[test]
    fn the_body_is_what_receivers_were_promised() {
        let body: serde_json::Value = serde_json::from_str(&body(&example(), &letter(&example())).unwrap()).unwrap();
        insta::assert_json_snapshot!(body, @r#"
        {
          "data": {
            "deadline": "2026-01-02T00:00:00Z",
            "environment": "sandbox",
            "inquiry_id": "inq_Notice1",
            "link": "https://withpersona.com/verify?code=us1-xyzzy",
            "link_form": "one-time",
            "message": {
              "language": "en",
              "subject": "Your verification for Rekindle is waiting for you",
              "text": "Hello,\n\nYou started to confirm your identity for Rekindle, and it isn’t finished yet. Still to do: a selfie.\n\nContinue:\nhttps://withpersona.com/verify?code=us1-xyzzy\n\nYou have until Friday, 2 January at 12:00 am (UTC). You can go on where you stopped.\n\nRekindle\n\nYou get this message because a verification for Rekindle is open in your name. Please don’t forward it: the link is yours alone.\n"
            },
            "next_step": "verification_selfie",
            "reference_id": "customer-17",
            "status": "pending",
            "step": "50%",
            "template_id": "itmpl_Basic1",
            "unsubscribe": null
          },
          "timestamp": "2026-01-01T12:00:00Z",
          "type": "inquiry.reminder"
        }
        "#);
    }

    #[test]
    fn the_news_of_a_replacement_is_what_receivers_were_promised() {
        let Notice { id, environment, inquiry_id, reference_id, template_id, created_at, .. } = example();
        let replaced_inquiry_id = crate::domain::ids::InquiryId::parse("inq_Notice0").unwrap();
        let cause = crate::domain::lineage::Cause::NewVersion;
        let news =
            Replaced { id, environment, inquiry_id, replaced_inquiry_id, cause, reference_id, template_id, created_at };
        let body: serde_json::Value = serde_json::from_str(&replaced(&news).unwrap()).unwrap();
        insta::assert_json_snapshot!(body, @r#"
        {
          "data": {
            "cause": "new-version",
            "environment": "sandbox",
            "inquiry_id": "inq_Notice1",
            "reference_id": "customer-17",
            "replaced_inquiry_id": "inq_Notice0",
            "template_id": "itmpl_Basic1"
          },
          "timestamp": "2026-01-01T12:00:00Z",
          "type": "inquiry.replaced"
        }
        "#);
    }

    #[test]
    fn a_link_that_was_asked_for_is_what_receivers_were_promised() {
        let Notice { id, environment, inquiry_id, reference_id, template_id, created_at, deadline, .. } = example();
        let link = secrecy::SecretString::from("https://verify.example.com/go/xyzzy");
        let link_expires_at = deadline;
        let asked = Invitation {
            id,
            environment,
            inquiry_id,
            reference_id,
            template_id,
            link,
            link_expires_at,
            to: None,
            unsubscribe: None,
            created_at,
        };
        let body: serde_json::Value =
            serde_json::from_str(&invitation(&asked, &Letters::standard().of_invitation(&asked).unwrap()).unwrap())
                .unwrap();
        insta::assert_json_snapshot!(body, @r#"
        {
          "data": {
            "environment": "sandbox",
            "inquiry_id": "inq_Notice1",
            "link": "https://verify.example.com/go/xyzzy",
            "link_expires_at": "2026-01-02T00:00:00Z",
            "link_form": "access",
            "message": {
              "language": "en",
              "subject": "Your new link to the verification for Rekindle",
              "text": "Hello,\n\nYou asked for a new link to confirm your identity for Rekindle. Here it is.\n\nContinue:\nhttps://verify.example.com/go/xyzzy\n\nThe link works until Friday, 2 January at 12:00 am (UTC). If you didn’t ask for it, there is nothing you need to do.\n\nRekindle\n\nYou get this message because a verification for Rekindle is open in your name. Please don’t forward it: the link is yours alone.\n"
            },
            "reference_id": "customer-17",
            "template_id": "itmpl_Basic1",
            "unsubscribe": null
          },
          "timestamp": "2026-01-01T12:00:00Z",
          "type": "inquiry.link_requested"
        }
        "#);
    }

    #[test]
    fn an_alert_is_what_receivers_were_promised() {
        let Notice { id, environment, created_at, .. } = example();
        let (subject, text) = ("Dead letters".to_owned(), "See why".to_owned());
        let name = crate::domain::alert::AlertName::DeadLetters;
        let (since, summary) = (created_at, "2 actions were given up".to_owned());
        let fires =
            Alert { id, environment, name, news: News::Firing, since, value: 2, summary, subject, text, created_at };
        let body: serde_json::Value = serde_json::from_str(&alert(&fires).unwrap()).unwrap();
        insta::assert_json_snapshot!(body, @r#"
        {
          "data": {
            "alert": "dead_letters",
            "environment": "sandbox",
            "since": "2026-01-01T12:00:00Z",
            "subject": "Dead letters",
            "summary": "2 actions were given up",
            "text": "See why",
            "title": "Dead letters",
            "value": 2
          },
          "timestamp": "2026-01-01T12:00:00Z",
          "type": "alert.firing"
        }
        "#);
        let over = alert(&Alert { news: News::Resolved, ..fires }).unwrap();
        assert!(over.contains(r#""type":"alert.resolved""#), "{over}");
    }

    #[test]
    fn what_is_not_known_is_null() {
        let notice = Notice { reference_id: None, template_id: None, next_step: None, ..example() };
        let body: serde_json::Value = serde_json::from_str(&body(&notice, &letter(&notice)).unwrap()).unwrap();
        for key in ["reference_id", "template_id", "next_step", "unsubscribe"] {
            assert_eq!(body["data"].get(key), Some(&serde_json::Value::Null), "{key}");
        }
    }
}
