//! The text in the column `arguments` of news for a subscriber.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{InquiryId, NotifierName, SubscriptionName};
use crate::domain::lineage::Cause;
use crate::domain::plan::Bound;
use crate::domain::status::Status;
use crate::domain::subscription::{News, Publication};
use crate::domain::time::Timestamp;

/// News as it is written down.
#[derive(Serialize, Deserialize)]
pub(super) struct PublicationText {
    subscription: String,
    notifier: String,
    happened_at: i64,
    news: NewsText,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
enum NewsText {
    Revived { expired_at: i64, asked: bool },
    Replaced { old: String, cause: String },
    LinkOpened { link: String, opened_at: i64 },
    Finished { status: String, finished_at: i64 },
    GivenUp { bound: String },
}

/// What is to be written.
pub(super) fn text_of(publication: &Publication) -> PublicationText {
    PublicationText {
        subscription: publication.subscription.to_string(),
        notifier: publication.notifier.to_string(),
        happened_at: publication.happened_at.as_micros(),
        news: match &publication.news {
            News::Revived { expired_at, asked } => {
                NewsText::Revived { expired_at: expired_at.as_micros(), asked: *asked }
            }
            News::Replaced { old, cause } => NewsText::Replaced { old: old.to_string(), cause: cause.to_string() },
            News::LinkOpened { link, opened_at } => {
                NewsText::LinkOpened { link: link.clone(), opened_at: opened_at.as_micros() }
            }
            News::Finished { status, finished_at } => {
                NewsText::Finished { status: status.to_string(), finished_at: finished_at.as_micros() }
            }
            News::GivenUp { bound } => NewsText::GivenUp { bound: bound.as_str().to_owned() },
        },
    }
}

/// Reads what was written; `None` when it is anything else.
pub(super) fn read(text: &str) -> Option<Publication> {
    let text: PublicationText = serde_json::from_str(text).ok()?;
    let time = Timestamp::from_micros;
    let news = match text.news {
        NewsText::Revived { expired_at, asked } => News::Revived { expired_at: time(expired_at), asked },
        NewsText::Replaced { old, cause } => {
            News::Replaced { old: InquiryId::parse(&old).ok()?, cause: Cause::parse(&cause)? }
        }
        NewsText::LinkOpened { link, opened_at } => News::LinkOpened { link, opened_at: time(opened_at) },
        NewsText::Finished { status, finished_at } => {
            News::Finished { status: Status::parse(&status), finished_at: time(finished_at) }
        }
        NewsText::GivenUp { bound } => News::GivenUp { bound: Bound::parse(&bound)? },
    };
    Some(Publication {
        subscription: SubscriptionName::parse(&text.subscription).ok()?,
        notifier: NotifierName::parse(&text.notifier).ok()?,
        happened_at: time(text.happened_at),
        news,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_reads_back_as_it_was_written() {
        let at = Timestamp::from_micros;
        for news in [
            News::Revived { expired_at: at(7), asked: true },
            News::Replaced { old: InquiryId::parse("inq_1").unwrap(), cause: Cause::TooOld },
            News::LinkOpened { link: "a0123456789bcdef".to_owned(), opened_at: at(8) },
            News::Finished { status: Status::Declined, finished_at: at(9) },
            News::GivenUp { bound: Bound::Notices },
        ] {
            let publication = Publication {
                subscription: SubscriptionName::parse("shop").unwrap(),
                notifier: NotifierName::parse("app").unwrap(),
                news,
                happened_at: at(10),
            };
            let text = serde_json::to_string(&text_of(&publication)).unwrap();
            assert_eq!(read(&text), Some(publication), "{text}");
        }
        assert_eq!(read("{}"), None);
    }
}
