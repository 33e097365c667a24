//! Letters come in by SMTP, as they go out of Rekindle, and are there to be read.

use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use secrecy::ExposeSecret;
use tower::ServiceExt as _;

use super::super::cast::cast;
use super::*;
use crate::domain::language::Language;
use crate::domain::letter::LetterKind;
use crate::notify::email::{Email, EmailSettings};
use crate::notify::letter::{Letters, sample_notice};
use crate::notify::{Delivered, Notifier};

fn notifier(office: &PostOffice) -> Notifier {
    let from = "Example Bank <verify@bank.example>".parse().unwrap();
    let settings = EmailSettings::local(office.smtp_port(), from);
    Notifier::Email(Email::new(&settings, Letters::standard(), Clock::System).unwrap())
}

async fn page(office: &PostOffice, path: &str) -> (u16, String) {
    let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
    let answer = page::routes(office.kept.clone()).oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    (status, String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn a_letter_reaches_its_person_once_and_stands_on_the_page() {
    let office = PostOffice::open(Clock::System).await.unwrap();
    let ada = &cast(1)[0];
    let mut mailbox = office.mailbox(ada);
    assert!(page(&office, "/").await.1.contains("No letter yet"));

    let (now, left) = (Clock::System.now(), SignedDuration::from_hours(12));
    let mut notice = sample_notice(LetterKind::Reminder, address_of(ada).into(), Language::De, now, left).unwrap();
    notice.link = "https://x.example/go/.dotted".into();
    let notifier = notifier(&office);
    for _ in 0..2 {
        assert_eq!(notifier.deliver(&notice).await, Ok(Delivered::Mailed));
    }
    assert_eq!(mailbox.try_recv().unwrap().expose_secret(), "https://x.example/go/.dotted");
    assert!(mailbox.try_recv().is_err(), "a repeat is dropped");
    let taken = office.taken();
    assert_eq!((taken.len(), taken[0].reference_id.as_str(), office.refused()), (1, "ada", 0));

    let (_, list) = page(&office, "/").await;
    assert!(list.contains("ada@people.example") && list.contains("Ihre Überprüfung"), "{list}");
    let (_, open) = page(&office, "/letters/0").await;
    assert!(open.contains("Example Bank &#60;verify@bank.example&#62;") && open.contains("As plain text"), "{open}");
    let (_, html) = page(&office, "/letters/0/html").await;
    assert!(html.contains("<base target=\"_blank\">") && html.contains("Guten Tag Ada Example"), "{html}");
    assert_eq!(page(&office, "/letters/1").await.0, 404);
}
