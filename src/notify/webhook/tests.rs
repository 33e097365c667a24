use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::notify::Notifier;
use crate::notify::notice::example;

const FIRST: &str = "whsec_QWRhIEV4YW1wbGUga2VlcHMgdGhpcyBzZWNyZXQ=";
const SECOND: &str = "whsec_QW5vdGhlciBzZWNyZXQgb2YgQWRhIEV4YW1wbGU=";
const SENT_AT: i64 = 1_767_268_805;

/// As for a receiver on this machine, which is meant.
fn settings(url: &str) -> WebhookSettings {
    WebhookSettings { allow_private: true, ..WebhookSettings::new(Url::parse(url).unwrap(), FIRST.into()) }
}

fn notifier(url: &str, secrets: &[&str]) -> Result<Notifier, InvalidWebhook> {
    let secrets = secrets.iter().map(|secret| SecretString::from(*secret)).collect();
    let settings = WebhookSettings { secrets, timeout: Duration::from_secs(5), ..settings(url) };
    Webhook::new(&settings, Clock::manual(Timestamp::from_second(SENT_AT))).map(Notifier::Webhook)
}

async fn receiver(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(answer).mount(&server).await;
    server
}

async fn only_request(server: &MockServer) -> Request {
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

#[tokio::test]
async fn a_notice_is_signed_with_every_secret_and_dated_by_the_clock() {
    let server = receiver(ResponseTemplate::new(204)).await;
    let notifier = notifier(&format!("{}/hooks/x", server.uri()), &[FIRST, SECOND]).unwrap();
    assert_eq!(notifier.deliver(&example()).await, Ok(Delivered::Accepted { status: 204 }));

    let request = only_request(&server).await;
    assert_eq!(request.url.path(), "/hooks/x");
    let header = |name: &str| request.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("webhook-id"), "01JREMINDER");
    assert_eq!(header("webhook-timestamp"), SENT_AT.to_string());
    assert_eq!(header("content-type"), "application/json");
    assert!(header("user-agent").starts_with("rekindle/"));
    let expected: Vec<String> = [FIRST, SECOND]
        .iter()
        .map(|secret| {
            let signer = standardwebhooks::Webhook::new(secret).unwrap();
            signer.sign("01JREMINDER", SENT_AT, &request.body).unwrap()
        })
        .collect();
    assert_eq!(header("webhook-signature"), expected.join(" "));
    assert_ne!(expected[0], expected[1]);
    assert_eq!(
        String::from_utf8(request.body).unwrap(),
        wire::body(&example(), &Letters::standard().of_notice(&example()).unwrap()).unwrap()
    );
}

#[tokio::test]
async fn a_repeat_is_the_same_body_under_the_same_id() {
    let server = receiver(ResponseTemplate::new(200)).await;
    let clock = Clock::manual(Timestamp::from_second(SENT_AT));
    let settings = settings(&server.uri());
    let webhook = Webhook::new(&settings, clock.clone()).unwrap();
    webhook.deliver(&example()).await.unwrap();
    clock.advance(SignedDuration::from_mins(3));
    webhook.deliver(&example()).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(requests[0].headers["webhook-id"], requests[1].headers["webhook-id"]);
    assert_ne!(requests[0].headers["webhook-signature"], requests[1].headers["webhook-signature"]);
}

#[tokio::test]
async fn a_refusal_names_host_and_status_only() {
    let answer = ResponseTemplate::new(503).insert_header("Retry-After", "120");
    let server = receiver(answer).await;
    let url = server.uri().replace("http://", "http://ada:xyzzy@") + "/secret-path?token=xyzzy";
    let error = notifier(&url, &[FIRST]).unwrap().deliver(&example()).await.unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1 answered 503");
    assert!(error.may_retry());
    assert_eq!(error.retry_after(), Some(SignedDuration::from_secs(120)));
    assert!(!format!("{error:?}").contains("xyzzy"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = receiver(ResponseTemplate::new(200)).await;
    let server = receiver(ResponseTemplate::new(307).insert_header("Location", elsewhere.uri())).await;
    let error = notifier(&server.uri(), &[FIRST]).unwrap().deliver(&example()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Refused { status: 307, .. }), "{error}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty(), "the link went nowhere else");
}

#[tokio::test]
async fn a_receiver_inside_a_network_is_refused_before_anything_is_sent() {
    let server = receiver(ResponseTemplate::new(200)).await;
    for url in [server.uri(), server.uri().replace("127.0.0.1", "localhost"), "https://169.254.169.254/x".to_owned()] {
        let guarded = WebhookSettings { allow_private: false, ..settings(&url) };
        assert_eq!(Webhook::new(&guarded, Clock::System).map(drop).unwrap_err(), InvalidWebhook::Inside, "{url}");
    }
    // A name that only turns out to lead inside when it is looked up.
    let mut guarded = settings("https://app.example.com/hook");
    guarded.allow_private = false;
    let mut webhook = Webhook::new(&guarded, Clock::System).unwrap();
    webhook.url = Url::parse(&server.uri().replace("127.0.0.1", "localhost")).unwrap();
    let error = webhook.deliver(&example()).await.unwrap_err();
    assert_eq!(error, NotifyError::Inside { host: "localhost".to_owned() });
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn nobody_there_and_no_answer_in_time_are_tried_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}/hooks/xyzzy");
    let error = notifier(&url, &[FIRST]).unwrap().deliver(&example()).await.unwrap_err();
    assert_eq!(error.to_string(), "127.0.0.1 could not be reached");
    assert!(error.may_retry());

    let server = receiver(ResponseTemplate::new(200).set_delay(Duration::from_mins(1))).await;
    let mut settings = settings(&server.uri());
    settings.timeout = Duration::from_millis(100);
    let error = Webhook::new(&settings, Clock::System).unwrap().deliver(&example()).await.unwrap_err();
    assert_eq!(error, NotifyError::Timeout { host: "127.0.0.1".to_owned() });
    assert!(error.may_retry());
}

#[test]
fn what_can_t_be_used_is_refused_with_the_remedy() {
    let short = "whsec_c2hvcnQ=";
    for (url, secrets, error) in [
        ("http://app.example.com/hook", vec![FIRST], InvalidWebhook::Url),
        ("https://app.example.com/hook", vec![], InvalidWebhook::NoSecret),
        ("https://app.example.com/hook", vec![FIRST, short], InvalidWebhook::Secret(2)),
        ("https://app.example.com/hook", vec!["xyzzy"], InvalidWebhook::Secret(1)),
        ("https://app.example.com/hook", vec![&FIRST[6..]], InvalidWebhook::Secret(1)),
        ("https://app.example.com/hook", vec!["whsec_!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"], InvalidWebhook::Secret(1)),
    ] {
        let refused = notifier(url, &secrets).unwrap_err();
        assert_eq!(refused, error, "{url} {secrets:?}");
        assert!(!refused.to_string().contains("xyzzy"));
    }
    assert!(notifier("https://app.example.com/hook", &[FIRST]).is_ok());
}

#[test]
fn secrets_and_paths_are_not_shown() {
    let notifier = notifier("https://ada:xyzzy@app.example.com/xyzzy", &[FIRST]).unwrap();
    let shown = format!("{notifier:?}");
    assert!(shown.contains("app.example.com") && !shown.contains("xyzzy"), "{shown}");
}
