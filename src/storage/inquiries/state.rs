//! The text in the column `state`: everything known of an inquiry, each value with the moment it was observed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::ids::{
    AccountId, EnvironmentName, InquiryId, InvalidId, ReferenceId, TemplateId, TemplateVersionId,
};
use crate::domain::inquiry::{Inquiry, Known, Observed};
use crate::domain::observation::{ObservedAt, Source, followed_attributes};
use crate::domain::status::Status;
use crate::domain::tags::Tags;
use crate::domain::time::Timestamp;

/// The only version so far. Attributes can be added without a new one.
const VERSION: u32 = 1;

/// Writes everything known but the key.
pub(super) fn write(inquiry: &Inquiry) -> String {
    let state = State {
        v: VERSION,
        status: inquiry
            .status
            .as_ref()
            .map(|status| ObservedText { at: Moment::of(status.at), value: Some(status.value.as_str().into()) }),
        known: KnownText::of(&inquiry.known),
        first_observed: inquiry.first_observed.map(Timestamp::as_micros),
        last_observed: inquiry.last_observed.map(Timestamp::as_micros),
        last_deadline: inquiry
            .last_deadline
            .as_ref()
            .map(|told| ObservedText { at: Moment::of(told.at), value: Some(told.value.write()) }),
        last_expired: inquiry.last_expired.map(Timestamp::as_micros),
        finished: inquiry.finished.map(Timestamp::as_micros),
        last_active: inquiry.last_active.map(Timestamp::as_micros),
    };
    // Strings and numbers only: nothing in there can fail to be written.
    serde_json::to_string(&state).unwrap_or_default()
}

/// Reads what [`write()`] wrote; `None` when it is anything else.
pub(super) fn read(environment: EnvironmentName, id: InquiryId, text: &str) -> Option<Inquiry> {
    let state: State = serde_json::from_str(text).ok().filter(|state: &State| state.v == VERSION)?;
    let status = match state.status {
        Some(said) => Some(Observed { at: said.at.read()?, value: Status::parse(said.value?.as_str()?) }),
        None => None,
    };
    Some(Inquiry {
        environment,
        id,
        status,
        known: state.known.read()?,
        first_observed: state.first_observed.map(Timestamp::from_micros),
        last_observed: state.last_observed.map(Timestamp::from_micros),
        last_deadline: match state.last_deadline {
            Some(said) => Some(Observed { at: said.at.read()?, value: Timestamp::read(&said.value?)? }),
            None => None,
        },
        last_expired: state.last_expired.map(Timestamp::from_micros),
        finished: state.finished.map(Timestamp::from_micros),
        last_active: state.last_active.map(Timestamp::from_micros),
    })
}

#[derive(Serialize, Deserialize)]
struct State {
    v: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<ObservedText>,
    #[serde(flatten)]
    known: KnownText,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_observed: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_observed: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_deadline: Option<ObservedText>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_expired: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    finished: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_active: Option<i64>,
}

/// A value and its moment; no value is "said to be null".
#[derive(Serialize, Deserialize)]
struct ObservedText {
    at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Value>,
}

/// Second, source, microseconds, rank: an [`ObservedAt`] in its order.
#[derive(Serialize, Deserialize)]
struct Moment(i64, char, i64, u8);

impl Moment {
    fn of(at: ObservedAt) -> Self {
        let source = match at.source {
            Source::Read => 'r',
            Source::Event => 'e',
            Source::OwnCall => 'o',
            Source::SettledRead => 's',
        };
        Self(at.second, source, at.micros, at.rank)
    }

    fn read(&self) -> Option<ObservedAt> {
        let source = match self.1 {
            'r' => Source::Read,
            'e' => Source::Event,
            'o' => Source::OwnCall,
            's' => Source::SettledRead,
            _ => return None,
        };
        Some(ObservedAt { second: self.0, source, micros: self.2, rank: self.3 })
    }
}

/// A value an attribute can take, as JSON.
trait Stored: Sized {
    fn write(&self) -> Value;
    fn read(value: &Value) -> Option<Self>;
}

fn read_id<T>(value: &Value, parse: impl Fn(&str) -> Result<T, InvalidId>) -> Option<T> {
    parse(value.as_str()?).ok()
}

macro_rules! stored_ids {
    ($($name:ident),+) => {
        $(impl Stored for $name {
            fn write(&self) -> Value {
                self.as_str().into()
            }

            fn read(value: &Value) -> Option<Self> {
                read_id(value, Self::parse)
            }
        })+
    };
}
stored_ids!(ReferenceId, AccountId, TemplateId, TemplateVersionId);

impl Stored for Timestamp {
    fn write(&self) -> Value {
        self.as_micros().into()
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_i64().map(Self::from_micros)
    }
}

impl Stored for Tags {
    fn write(&self) -> Value {
        self.iter().collect()
    }

    fn read(value: &Value) -> Option<Self> {
        let tags: Option<Vec<&str>> = value.as_array()?.iter().map(Value::as_str).collect();
        Some(Self::new(tags?))
    }
}

impl Stored for String {
    fn write(&self) -> Value {
        self.as_str().into()
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

fn read_observed<T: Stored>(said: ObservedText) -> Option<Observed<Option<T>>> {
    let value = match said.value {
        Some(value) => Some(T::read(&value)?),
        None => None,
    };
    Some(Observed { at: said.at.read()?, value })
}

/// Declares the attributes here too, so that one added to the domain is stored without a word said here.
macro_rules! declare_known_text {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $key:literal,)*) => {
        #[derive(Serialize, Deserialize)]
        struct KnownText {
            $(#[serde(rename = $key, default, skip_serializing_if = "Option::is_none")]
            $name: Option<ObservedText>,)*
        }

        impl KnownText {
            fn of(known: &Known) -> Self {
                Self {
                    $($name: known.$name.as_ref().map(|observed| ObservedText {
                        at: Moment::of(observed.at),
                        value: observed.value.as_ref().map(Stored::write),
                    }),)*
                }
            }

            fn read(self) -> Option<Known> {
                Some(Known {
                    $($name: match self.$name {
                        Some(said) => Some(read_observed::<$type>(said)?),
                        None => None,
                    },)*
                })
            }
        }
    };
}
followed_attributes!(declare_known_text);

#[cfg(test)]
mod tests {
    use super::*;

    /// The state of an inquiry of which nothing is known but that it exists.
    const UNKNOWN: &str = r#"{"v":1}"#;

    fn environment() -> EnvironmentName {
        EnvironmentName::parse("sandbox").unwrap()
    }

    #[test]
    fn a_state_reads_back_as_it_was_written() {
        let id = InquiryId::parse("inq_1").unwrap();
        let mut inquiry = Inquiry::unknown(environment(), id.clone());
        assert_eq!(write(&inquiry), UNKNOWN);
        assert_eq!(read(environment(), id.clone(), UNKNOWN), Some(inquiry.clone()));

        let at = ObservedAt::new(Timestamp::from_micros(1_500_000), Source::Event, Some(&Status::Pending));
        inquiry.status = Some(Observed { at, value: Status::Other("on_hold".to_owned()) });
        inquiry.known.reference_id = Some(Observed { at, value: ReferenceId::parse("ada").ok() });
        inquiry.known.expires_at = Some(Observed { at, value: None });
        inquiry.known.created_at = Some(Observed { at, value: Some(Timestamp::from_micros(7)) });
        inquiry.known.tags = Some(Observed { at, value: Some(Tags::new(["vip", "acme"])) });
        inquiry.known.next_step = Some(Observed { at, value: Some("selfie\u{0}".to_owned()) });
        inquiry.last_deadline = Some(Observed { at, value: Timestamp::from_micros(5) });
        inquiry.last_expired = Some(Timestamp::from_micros(-3));
        inquiry.finished = Some(Timestamp::from_micros(8));
        inquiry.last_active = Some(Timestamp::from_micros(9));
        assert_eq!(read(environment(), id, &write(&inquiry)), Some(inquiry));
    }

    #[test]
    fn what_is_no_state_is_refused_and_what_is_unknown_is_passed_over() {
        let id = || InquiryId::parse("inq_1").unwrap();
        for text in ["", "{}", r#"{"v":2}"#, r#"{"v":1,"status":{"at":[1,"x",0,0],"value":"created"}}"#] {
            assert_eq!(read(environment(), id(), text), None, "{text}");
        }
        let later = r#"{"v":1,"attribute-of-tomorrow":{"at":[1,"e",0,0],"value":1}}"#;
        assert_eq!(read(environment(), id(), later), Some(Inquiry::unknown(environment(), id())));
    }
}
