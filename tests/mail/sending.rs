//! What the e-mail channel makes of a mail server: its security, its refusals, its silence.

use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::domain::language::Language;
use rekindle::domain::letter::LetterKind;
use rekindle::domain::time::Timestamp;
use rekindle::notify::email::{Email, EmailSettings, InvalidEmail, Security};
use rekindle::notify::error::NotifyError;
use rekindle::notify::letter::{Letters, sample_notice};
use rekindle::notify::notice::Notice;
use rekindle::notify::{Delivered, Notifier};
use tokio::net::TcpListener;

use super::server::MailServer;

const NOW: Timestamp = Timestamp::from_second(1_767_268_800);

fn notice(address: &str) -> Notice {
    let left = SignedDuration::from_hours(12);
    sample_notice(LetterKind::Reminder, address.into(), Language::Fr, NOW, left).unwrap()
}

fn notifier(settings: &EmailSettings) -> Notifier {
    Notifier::Email(Email::new(settings, Letters::standard(), Clock::manual(NOW)).unwrap())
}

#[tokio::test]
async fn letters_arrive_by_starttls_and_by_tls_signed_in() {
    for (security, settings) in [("starttls", Security::StartTls), ("tls", Security::Tls)] {
        let mut server = MailServer::secure(security).await;
        let notifier = notifier(&server.settings(settings));
        for _ in 0..2 {
            assert_eq!(notifier.deliver(&notice("ada@example.com")).await, Ok(Delivered::Mailed), "{security}");
        }
        let (first, second) = (server.next().await, server.next().await);
        assert!(first.secure && first.user.as_deref() == Some(super::server::USER), "{security}");
        assert_eq!(
            (first.from.as_str(), first.to.as_slice()),
            ("verify@bank.example", &["ada@example.com".to_owned()][..])
        );
        assert_eq!(first.message().message_id(), second.message().message_id(), "a repeat can be known for one");
        for (header, value) in [
            ("Auto-Submitted", "auto-generated"),
            ("List-Unsubscribe", "<https://verify.example.com/no-more/sample>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ] {
            assert_eq!(first.header(header).as_deref(), Some(value));
        }
        assert!(first.message().subject().unwrap().starts_with("Votre vérification"));
        assert!(first.message().body_html(0).unwrap().contains(&first.link()), "both ways in are one");
    }
}

#[tokio::test]
async fn nothing_is_sent_where_tls_is_wanted_and_not_there_or_not_trusted() {
    let plain = MailServer::plain().await;
    let error = notifier(&plain.settings(Security::StartTls)).deliver(&notice("ada@example.com")).await.unwrap_err();
    assert!(!matches!(error, NotifyError::Rejected { .. }), "{error}");

    let strange = MailServer::secure("tls").await;
    let unknown = EmailSettings { authority: None, ..strange.settings(Security::Tls) };
    let error = notifier(&unknown).deliver(&notice("ada@example.com")).await.unwrap_err();
    assert!(error.may_retry(), "{error}");
    assert!(error.to_string().starts_with("TLS with localhost failed"), "{error}");

    let elsewhere = EmailSettings { host: "mail.example.com".to_owned(), ..plain.settings(Security::None) };
    let refused = Email::new(&elsewhere, Letters::standard(), Clock::System).map(drop).unwrap_err();
    assert_eq!(refused, InvalidEmail::Plain);
    assert!(
        Email::new(&EmailSettings { allow_plaintext: true, ..elsewhere }, Letters::standard(), Clock::System).is_ok()
    );
}

#[tokio::test]
async fn refusals_are_final_or_not_and_never_quote_an_address() {
    let mut server = MailServer::secure("starttls").await;
    let settings = server.settings(Security::StartTls);
    let ours = notifier(&settings);
    let mut wrong = settings.clone();
    wrong.credentials = Some(("rekindle".to_owned(), "wrong".into()));
    let wrong = notifier(&wrong);
    for (by, address, code, retry) in [
        (&ours, "gone@example.com", 550, false),
        (&ours, "full@example.com", 452, true),
        (&wrong, "ada@example.com", 535, true),
    ] {
        let error = by.deliver(&notice(address)).await.unwrap_err();
        assert!(matches!(&error, NotifyError::Rejected { code: given, .. } if *given == code), "{error}");
        assert_eq!(error.may_retry(), retry, "{error}");
        assert!(!format!("{error} {error:?}").contains("example.com"), "{error:?}");
    }
    // One refusal spoils nothing for the next.
    assert_eq!(ours.deliver(&notice("ada@example.com")).await, Ok(Delivered::Mailed));
    assert_eq!(server.next().await.to, ["ada@example.com"]);
}

#[tokio::test]
async fn a_server_that_is_gone_or_silent_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let from: lettre::message::Mailbox = "verify@bank.example".parse().unwrap();
    let mut settings = EmailSettings::local(port, from);
    settings.timeout = std::time::Duration::from_millis(50);
    let error = notifier(&settings).deliver(&notice("ada@example.com")).await.unwrap_err();
    assert_eq!(error, NotifyError::Timeout { host: "127.0.0.1".to_owned() });
    drop(listener);
    settings.timeout = std::time::Duration::from_secs(10);
    let error = notifier(&settings).deliver(&notice("ada@example.com")).await.unwrap_err();
    assert_eq!(error, NotifyError::Unreachable { host: "127.0.0.1".to_owned() });
    assert!(error.may_retry());
}

#[tokio::test]
async fn nobody_to_tell_is_said_before_anybody_is_asked() {
    let from: lettre::message::Mailbox = "verify@bank.example".parse().unwrap();
    let notifier = notifier(&EmailSettings::local(9, from));
    let nobody = Notice { to: None, ..notice("ada@example.com") };
    assert_eq!(notifier.deliver(&nobody).await, Err(NotifyError::Nobody));
    let error = notifier.deliver(&notice("ada at example")).await.unwrap_err();
    assert_eq!(error, NotifyError::NoAddress);
    assert!(!error.may_retry() && !error.to_string().contains("example"), "{error}");
}
