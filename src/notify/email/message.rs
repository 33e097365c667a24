//! A letter as a message: headers for people, for machines that answer by themselves, and for those that sort.

use std::time::{Duration, SystemTime};

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use secrecy::{ExposeSecret, SecretString};

use crate::domain::ids::ActionId;
use crate::domain::time::Timestamp;
use crate::notify::error::NotifyError;
use crate::notify::letter::Letter;
use crate::notify::recipient::Recipient;

/// In whose name letters go.
pub(super) struct Sender<'a> {
    pub(super) from: &'a Mailbox,
    pub(super) reply_to: Option<&'a Mailbox>,
}

/// The message; another try differs in its date alone.
pub(super) fn message(
    sender: &Sender<'_>,
    id: &ActionId,
    to: &Recipient,
    letter: &Letter,
    unsubscribe: Option<&SecretString>,
    now: Timestamp,
) -> Result<Message, NotifyError> {
    let address: Address = to.address.expose_secret().trim().parse().map_err(|_| NotifyError::NoAddress)?;
    // Without the name: it comes from elsewhere, and says nothing that the address does not.
    let mut builder = Message::builder()
        .message_id(Some(format!("<{}@{}>", word(id.as_str()), sender.from.email.domain())))
        .date(date(now))
        .from(sender.from.clone())
        .to(Mailbox::new(None, address))
        .subject(&letter.subject)
        // Nobody's absence note answers it (RFC 3834).
        .raw_header(raw("Auto-Submitted", "auto-generated")?)
        .raw_header(raw("X-Auto-Response-Suppress", "All")?)
        .raw_header(raw("Content-Language", letter.language.as_str())?);
    if let Some(reply_to) = sender.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    if let Some(url) = unsubscribe.map(ExposeSecret::expose_secret).filter(|url| url.starts_with("http")) {
        // One POST by the mail reader is enough (RFC 8058).
        builder = builder
            .raw_header(raw("List-Unsubscribe", &format!("<{url}>"))?)
            .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")?);
    }
    let (text, html) = (letter.text.expose_secret().to_owned(), letter.html.expose_secret().to_owned());
    builder
        .multipart(MultiPart::alternative_plain_html(text, html))
        .map_err(|_| NotifyError::Unsendable("it is no message"))
}

fn raw(name: &'static str, value: &str) -> Result<HeaderValue, NotifyError> {
    let name =
        HeaderName::new_from_ascii(name.to_owned()).map_err(|_| NotifyError::Unsendable("a header has no name"))?;
    if value.chars().any(char::is_control) {
        return Err(NotifyError::Unsendable("a header holds a control character"));
    }
    Ok(HeaderValue::new(name, value.to_owned()))
}

/// An id as it may stand in a `Message-ID` (RFC 5322).
fn word(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect()
}

fn date(now: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(now.as_second()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use mail_parser::MessageParser;

    use super::*;
    use crate::domain::language::Language;
    use crate::domain::letter::LetterKind;
    use crate::notify::letter::{Letters, sample_notice};

    const AT: Timestamp = Timestamp::from_second(1_767_268_800);

    fn formatted(at: Timestamp) -> Vec<u8> {
        let left = SignedDuration::from_hours(12);
        let notice = sample_notice(LetterKind::Reminder, "ada@example.com".into(), Language::De, AT, left).unwrap();
        let letter = Letters::standard().of_notice(&notice).unwrap();
        let from = "Example Bank <verify@bank.example>".parse().unwrap();
        let sender = Sender { from: &from, reply_to: Some(&"help@bank.example".parse().unwrap()) };
        let to = notice.to.as_ref().unwrap();
        message(&sender, &notice.id, to, &letter, notice.unsubscribe.as_ref(), at).unwrap().formatted()
    }

    #[test]
    fn a_message_says_what_mail_readers_and_people_need() {
        let bytes = formatted(AT);
        let read = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(read.message_id(), Some(format!("sample-{}@bank.example", AT.as_micros()).as_str()));
        assert_eq!(read.to().unwrap().first().unwrap().address(), Some("ada@example.com"));
        assert_eq!(read.from().unwrap().first().unwrap().name(), Some("Example Bank"));
        assert_eq!(read.reply_to().unwrap().first().unwrap().address(), Some("help@bank.example"));
        assert_eq!(read.date().unwrap().to_timestamp(), AT.as_second());
        let raw = String::from_utf8(bytes.clone()).unwrap();
        for line in [
            "Auto-Submitted: auto-generated",
            "List-Unsubscribe: <https://verify.example.com/no-more/sample>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            "Content-Language: de",
        ] {
            assert!(raw.contains(line), "{line} in\n{raw}");
        }
        let text = read.body_text(0).unwrap();
        assert!(text.contains("Guten Tag Ada Example,") && text.contains("https://verify.example.com/go/"), "{text}");
        assert!(read.body_html(0).unwrap().contains("lang=\"de\""));
        assert!(raw.lines().all(|line| line.len() <= 998), "RFC 5322");
    }

    #[test]
    fn a_repeat_differs_in_its_date_alone() {
        let dated = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            let boundary = text.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
            let lines = text.replace(&boundary, "boundary");
            lines.lines().filter(|line| !line.starts_with("Date:")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(dated(formatted(AT)), dated(formatted(AT.plus(SignedDuration::from_mins(5)))));
    }
}
