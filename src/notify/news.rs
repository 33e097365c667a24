//! News for applications that subscribed to it, and its body as receivers see it.

use serde::Serialize;

use crate::domain::ids::{ActionId, EnvironmentName, InquiryId, ReferenceId, TemplateId};
use crate::domain::subscription;
use crate::domain::time::Timestamp;
use crate::notify::error::NotifyError;
use crate::notify::notice::Replaced;
use crate::notify::wire;

/// News of one inquiry. Nothing in it names the person but the application's own reference id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct News {
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
    /// What happened.
    pub news: subscription::News,
    /// When, or when we learnt of it; the same on every try.
    pub happened_at: Timestamp,
}

#[derive(Serialize)]
struct Whose<'a> {
    environment: &'a str,
    inquiry_id: &'a str,
    reference_id: Option<&'a str>,
    template_id: Option<&'a str>,
}

#[derive(Serialize)]
struct About<'a> {
    #[serde(flatten)]
    whose: Whose<'a>,
    #[serde(flatten)]
    what: What<'a>,
}

/// What is said beside whose news it is.
#[derive(Serialize)]
#[serde(untagged)]
enum What<'a> {
    Revived { expired_at: String, asked: bool },
    LinkOpened { link_id: &'a str, opened_at: String },
    Finished { status: &'a str, finished_at: String },
    GivenUp { bound: &'static str },
}

/// The body; the same on every try, since it holds no time of sending.
pub(super) fn body(news: &News) -> Result<String, NotifyError> {
    use subscription::News as Of;
    let what = match &news.news {
        // As the notifiers of a rule are told of it.
        Of::Replaced { old, cause } => return wire::replaced(&replaced(news, old, *cause)),
        Of::Revived { expired_at, asked } => What::Revived { expired_at: expired_at.to_string(), asked: *asked },
        Of::LinkOpened { link, opened_at } => What::LinkOpened { link_id: link, opened_at: opened_at.to_string() },
        Of::Finished { status, finished_at } => {
            What::Finished { status: status.as_str(), finished_at: finished_at.to_string() }
        }
        Of::GivenUp { bound } => What::GivenUp { bound: bound.as_str() },
    };
    let whose = Whose {
        environment: news.environment.as_str(),
        inquiry_id: news.inquiry_id.as_str(),
        reference_id: news.reference_id.as_ref().map(ReferenceId::as_str),
        template_id: news.template_id.as_ref().map(TemplateId::as_str),
    };
    wire::enveloped(news.news.topic().as_str(), news.happened_at, About { whose, what })
}

fn replaced(news: &News, old: &InquiryId, cause: crate::domain::lineage::Cause) -> Replaced {
    Replaced {
        id: news.id.clone(),
        environment: news.environment.clone(),
        inquiry_id: news.inquiry_id.clone(),
        replaced_inquiry_id: old.clone(),
        cause,
        reference_id: news.reference_id.clone(),
        template_id: news.template_id.clone(),
        created_at: news.happened_at,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::domain::lineage::Cause;
    use crate::domain::plan::Bound;
    use crate::domain::status::Status;
    use crate::notify::notice::{Notice, example};

    fn told(what: subscription::News) -> Value {
        let Notice { id, environment, inquiry_id, reference_id, template_id, created_at, .. } = example();
        let news = News { id, environment, inquiry_id, reference_id, template_id, news: what, happened_at: created_at };
        serde_json::from_str(&body(&news).unwrap()).unwrap()
    }

    #[test]
    fn news_is_what_receivers_were_promised() {
        let at = Timestamp::from_second;
        let finished = told(subscription::News::Finished { status: Status::Completed, finished_at: at(1_767_268_000) });
        insta::assert_json_snapshot!(finished, @r#"
        {
          "data": {
            "environment": "sandbox",
            "finished_at": "2026-01-01T11:46:40Z",
            "inquiry_id": "inq_Notice1",
            "reference_id": "customer-17",
            "status": "completed",
            "template_id": "itmpl_Basic1"
          },
          "timestamp": "2026-01-01T12:00:00Z",
          "type": "person.finished"
        }
        "#);
        let link = "a0123456789bcdef".to_owned();
        for (news, kind, own) in [
            (
                subscription::News::Revived { expired_at: at(0), asked: true },
                "inquiry.revived",
                serde_json::json!({ "expired_at": "1970-01-01T00:00:00Z", "asked": true }),
            ),
            (
                subscription::News::LinkOpened { link, opened_at: at(1) },
                "link.opened",
                serde_json::json!({ "link_id": "a0123456789bcdef", "opened_at": "1970-01-01T00:00:01Z" }),
            ),
            (
                subscription::News::GivenUp { bound: Bound::Age },
                "person.given_up",
                serde_json::json!({ "bound": "age" }),
            ),
        ] {
            let body = told(news);
            assert_eq!(body["type"], kind);
            assert_eq!(body["data"]["inquiry_id"], "inq_Notice1");
            for (key, value) in own.as_object().unwrap() {
                assert_eq!(&body["data"][key], value, "{kind}");
            }
        }
    }

    #[test]
    fn a_replacement_is_told_to_subscribers_as_to_everyone() {
        let old = InquiryId::parse("inq_Notice0").unwrap();
        let Notice { id, environment, inquiry_id, reference_id, template_id, created_at, .. } = example();
        let cause = Cause::NewVersion;
        let told_to_all = Replaced {
            id,
            environment,
            inquiry_id,
            replaced_inquiry_id: old.clone(),
            cause,
            reference_id,
            template_id,
            created_at,
        };
        let expected: Value = serde_json::from_str(&wire::replaced(&told_to_all).unwrap()).unwrap();
        assert_eq!(told(subscription::News::Replaced { old, cause }), expected);
    }
}
