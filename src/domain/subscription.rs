//! What applications are told about people, where they subscribe to it.

use std::fmt;

use crate::domain::ids::{CustomerName, InquiryId, NotifierName, SubscriptionName};
use crate::domain::lineage::Cause;
use crate::domain::plan::Bound;
use crate::domain::status::Status;
use crate::domain::time::Timestamp;

/// What can be subscribed to. Of what happened at the same moment, the one that stands first here is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// An expired inquiry was resumed.
    Revived,
    /// An inquiry took another one's place.
    Replaced,
    /// Somebody was let in by an access link.
    LinkOpened,
    /// The person is through, with whatever result.
    Finished,
    /// So much was tried that it is enough.
    GivenUp,
}

impl Topic {
    /// Every topic there is.
    pub const ALL: [Self; 5] = [Self::Revived, Self::Replaced, Self::LinkOpened, Self::Finished, Self::GivenUp];

    /// The topic as it stands in the configuration and in what is sent.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revived => "inquiry.revived",
            Self::Replaced => "inquiry.replaced",
            Self::LinkOpened => "link.opened",
            Self::Finished => "person.finished",
            Self::GivenUp => "person.given_up",
        }
    }

    /// Reads what [`Topic::as_str`] writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == text)
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One application's subscription, among the rules of the templates it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// What it is called.
    pub name: SubscriptionName,
    /// Who is told.
    pub notifier: NotifierName,
    /// Of what.
    pub topics: Vec<Topic>,
    /// Of whose inquiries alone; `None`: of everyone's.
    pub customer: Option<CustomerName>,
}

/// One piece of news for one subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Which subscription it is for.
    pub subscription: SubscriptionName,
    /// Who is told.
    pub notifier: NotifierName,
    /// What happened.
    pub news: News,
    /// When it did, or when we learnt of it, by our clock: news of one verification is told in this order.
    pub happened_at: Timestamp,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// See [`Topic::Revived`].
    Revived {
        /// When it had expired.
        expired_at: Timestamp,
        /// Whether somebody came and waited for it.
        asked: bool,
    },
    /// See [`Topic::Replaced`].
    Replaced {
        /// The one whose place it took.
        old: InquiryId,
        /// Why.
        cause: Cause,
    },
    /// See [`Topic::LinkOpened`].
    LinkOpened {
        /// The link, by its id, which opens nothing.
        link: String,
        /// When.
        opened_at: Timestamp,
    },
    /// See [`Topic::Finished`].
    Finished {
        /// With which result, as far as it was known then.
        status: Status,
        /// When, by Persona's clock.
        finished_at: Timestamp,
    },
    /// See [`Topic::GivenUp`].
    GivenUp {
        /// What was enough.
        bound: Bound,
    },
}

impl News {
    /// What it is about.
    #[must_use]
    pub const fn topic(&self) -> Topic {
        match self {
            Self::Revived { .. } => Topic::Revived,
            Self::Replaced { .. } => Topic::Replaced,
            Self::LinkOpened { .. } => Topic::LinkOpened,
            Self::Finished { .. } => Topic::Finished,
            Self::GivenUp { .. } => Topic::GivenUp,
        }
    }

    /// What tells it from other news of the same inquiry.
    #[must_use]
    pub(in crate::domain) fn mark(&self) -> String {
        match self {
            Self::Revived { expired_at, .. } => format!("{}/{}", self.topic(), expired_at.as_second()),
            Self::Replaced { old, .. } => format!("{}/{old}", self.topic()),
            Self::LinkOpened { link, opened_at } => format!("{}/{link}/{}", self.topic(), opened_at.as_second()),
            Self::Finished { .. } | Self::GivenUp { .. } => self.topic().to_string(),
        }
    }
}

impl Subscription {
    /// Whether its subscriber is told of a topic.
    #[must_use]
    pub fn wants(&self, topic: Topic) -> bool {
        self.topics.contains(&topic)
    }

    /// The news for its subscriber.
    #[must_use]
    pub fn publication(&self, news: News, happened_at: Timestamp) -> Publication {
        Publication { subscription: self.name.clone(), notifier: self.notifier.clone(), news, happened_at }
    }

    /// A text that differs whenever something else could be told under it.
    #[must_use]
    pub(in crate::domain) fn fingerprint(&self) -> String {
        let topics: Vec<&str> = self.topics.iter().map(|topic| topic.as_str()).collect();
        let customer = self.customer.as_ref().map_or("", CustomerName::as_str);
        format!("{}>{}:{}@{customer}", self.name, self.notifier, topics.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_read_back_as_they_are_written() {
        for topic in Topic::ALL {
            assert_eq!(Topic::parse(topic.as_str()), Some(topic));
        }
        assert_eq!(Topic::parse("inquiry.reminder"), None);
    }
}
