//! How calls fail, and what is to happen next.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::SignedDuration;
use rekindle::clock::Clock;
use rekindle::persona::client::PersonaClient;
use rekindle::persona::error::{Next, PersonaError};
use rekindle::persona::request::ListFilter;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wiremock::ResponseTemplate;

use super::{API_KEY, Persona, fixture, inquiry, key, settings};

/// A call that takes effect, against an answer that refuses.
async fn link_against(answer: ResponseTemplate) -> PersonaError {
    let persona = Persona::answering(answer).await;
    persona.client.generate_one_time_link(&inquiry("ada"), None, &key()).await.unwrap_err()
}

#[tokio::test]
async fn every_refusal_says_what_happens_next() {
    let mut table = Vec::new();
    for status in [400, 401, 403, 404, 408, 409, 422, 429, 500, 503] {
        let answer = ResponseTemplate::new(status)
            .set_body_json(fixture(&format!("api/error-{status}.json")))
            .insert_header("RateLimit-Reset", "42")
            .insert_header("Request-Id", "req_AdaExample1");
        let error = link_against(answer).await;
        let wait = error.retry_after().map_or_else(|| "backoff".to_owned(), |wait| format!("{wait:#}"));
        let PersonaError::Refused(refusal) = &error else { panic!("{error:?}") };
        let details = refusal.details.as_deref().unwrap_or("none");
        table.push(format!("{error} -> {:?}, {wait}; details: {details}", error.next()));
    }
    insta::assert_snapshot!(table.join("\n"), @r"
    Persona answered 400: Bad Request (request req_AdaExample1) -> GiveUp, backoff; details: … must be less than …
    Persona answered 401: Must be authenticated to access this endpoint (request req_AdaExample1) -> RetrySameKey, 10m; details: none
    Persona answered 403: Forbidden (request req_AdaExample1) -> RetryNewKey, 10m; details: API key is not permitted to read inquiry templates
    Persona answered 404: Record not found (request req_AdaExample1) -> GiveUp, backoff; details: none
    Persona answered 408: Request Timeout (request req_AdaExample1) -> RetryNewKey, backoff; details: The server timed out waiting for the request
    Persona answered 409: Conflict (request req_AdaExample1) -> Reread, backoff; details: Action cannot be performed on inquiry in status completed
    Persona answered 422: Unprocessable entity (request req_AdaExample1) -> GiveUp, backoff; details: Reference … of … is taken
    Persona answered 429: Rate limit exceeded (request req_AdaExample1) -> RetrySameKey, 42s; details: You have hit your rate limit of … requests … min
    Persona answered 500: Internal server error (request req_AdaExample1) -> RetryNewKey, backoff; details: none
    Persona answered 503: Service unavailable (request req_AdaExample1) -> RetryNewKey, backoff; details: none
    ");
}

#[tokio::test]
async fn a_refusal_needs_no_body_we_can_read() {
    for body in
        ["", "<html>Bad Gateway</html>", "[]", r#"{"errors":[]}"#, r#"{"errors":"no"}"#, "{\"errors\":[{\"title\":7}]}"]
    {
        let error = link_against(ResponseTemplate::new(502).set_body_string(body)).await;
        assert_eq!((error.to_string().as_str(), error.next()), ("Persona answered 502", Next::RetryNewKey), "{body}");
    }
}

#[tokio::test]
async fn a_rate_limit_without_a_reset_is_left_to_backoff() {
    let error = link_against(ResponseTemplate::new(429)).await;
    assert_eq!((error.next(), error.retry_after()), (Next::RetrySameKey, None));
    for status in [429, 503] {
        let error = link_against(ResponseTemplate::new(status).insert_header("Retry-After", "7")).await;
        assert_eq!(error.retry_after(), Some(SignedDuration::from_secs(7)), "{status}: a gateway's header serves too");
    }
}

#[tokio::test]
async fn a_request_id_that_is_none_is_not_shown() {
    let error = link_against(ResponseTemplate::new(500).insert_header("Request-Id", "ada@example.com says hi")).await;
    assert_eq!(error.request_id(), None);
}

#[tokio::test]
async fn answers_that_lack_what_was_asked_for_are_no_success() {
    let mut other = fixture("api/one-time-link.json");
    other["data"]["id"] = json!("inq_SomebodyElse");
    let mut script = fixture("api/one-time-link.json");
    script["meta"]["one-time-link"] = json!("javascript:alert(1)");
    let mut blank = fixture("api/one-time-link.json");
    blank["meta"]["one-time-link"] = json!(" ");
    for (answer, lacks) in [
        (fixture("api/one-time-link.missing.json"), "it carries no one-time link"),
        (script, "it carries no one-time link"),
        (blank, "it carries no one-time link"),
        (other, "it carries another inquiry"),
    ] {
        let error = link_against(ResponseTemplate::new(200).set_body_json(answer)).await;
        assert_eq!(error.to_string(), format!("Persona answered 200 but {lacks}"));
        assert_eq!(error.next(), Next::RetryNewKey, "under the old key the same answer would come back");
    }
    let error = link_against(ResponseTemplate::new(200).set_body_string("{")).await;
    assert_eq!(error.to_string(), "Persona answered 200 but its body is not JSON");
}

#[tokio::test]
async fn a_resume_without_a_token_is_no_success() {
    let persona = Persona::telling("inquiry-resume.without-token").await;
    let error = persona.client.resume_inquiry(&inquiry("cleo"), &key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Persona answered 200 but it carries no session token");

    let persona = Persona::telling("inquiry-resume").await;
    let error = persona.client.resume_inquiry(&inquiry("ada"), &key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Persona answered 200 but it carries another inquiry");
}

#[tokio::test]
async fn answers_of_another_kind_are_no_success() {
    let persona = Persona::telling("inquiry-template").await;
    let error = persona.client.retrieve_inquiry(&inquiry("ada")).await.unwrap_err();
    assert_eq!(error.to_string(), "Persona answered 200 but it carries no inquiry");
    let error = persona.client.list_inquiries(&ListFilter::default(), None, 10).await.unwrap_err();
    assert_eq!(error.to_string(), "Persona answered 200 but it carries no list");
}

#[tokio::test]
async fn a_page_that_leads_back_to_itself_is_an_error() {
    let persona = Persona::telling("inquiry-list").await;
    let error = persona.client.list_inquiries(&ListFilter::default(), Some(&inquiry("dan")), 2).await.unwrap_err();
    assert_eq!(error.to_string(), "Persona answered 200 but its next page is itself");
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_the_end() {
    let body = format!("{{\"data\":\"{}\"}}", "a".repeat(4 * 1024 * 1024));
    let error = link_against(ResponseTemplate::new(200).set_body_string(body.clone())).await;
    assert_eq!(error.to_string(), "Persona answered 200 but its body is larger than 4 MiB");
    let error = link_against(ResponseTemplate::new(500).set_body_string(body)).await;
    assert_eq!(error.status(), Some(500));
}

#[tokio::test]
async fn a_redirect_is_not_followed_so_the_key_stays_here() {
    let elsewhere = Persona::telling("one-time-link").await;
    let error = link_against(ResponseTemplate::new(308).insert_header("Location", elsewhere.server.uri())).await;
    assert_eq!((error.status(), error.next()), (Some(308), Next::RetrySameKey));
    assert!(elsewhere.requests().await.is_empty());
}

#[tokio::test]
async fn no_answer_in_time_is_tried_again_under_the_same_key() {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
    let persona = Persona::answering(slow).await;
    let mut settings = settings(&persona.server.uri());
    settings.timeout = Duration::from_millis(200);
    let client = PersonaClient::new(&settings, Clock::System).unwrap();
    let error = client.generate_one_time_link(&inquiry("ada"), None, &key()).await.unwrap_err();
    assert_eq!((&error, error.next()), (&PersonaError::Timeout, Next::RetrySameKey));
}

#[tokio::test]
async fn nobody_there_is_tried_again_under_the_same_key() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = PersonaClient::new(&settings(&format!("http://{free}")), Clock::System).unwrap();
    let error = client.retrieve_inquiry(&inquiry("ada")).await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.next()),
        ("Persona could not be reached: no connection", Next::RetrySameKey)
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_tried_again_under_the_same_key() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0_u8; 4096];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"data\":").await.unwrap();
    });
    let client = PersonaClient::new(&settings(&format!("http://{address}")), Clock::System).unwrap();
    let error = client.generate_one_time_link(&inquiry("ada"), None, &key()).await.unwrap_err();
    assert_eq!(error.to_string(), "Persona could not be reached: the connection broke");
    assert_eq!(error.next(), Next::RetrySameKey, "it may have taken effect");
    server.await.unwrap();
}

#[tokio::test]
async fn an_id_that_would_lead_elsewhere_is_not_asked_for() {
    let persona = Persona::telling("inquiry-list").await;
    for id in [".", ".."] {
        let error = persona.client.retrieve_inquiry(&inquiry(id)).await.unwrap_err();
        assert_eq!(
            (error.to_string().as_str(), error.next()),
            ("the call can't be made: the id is no path segment", Next::GiveUp)
        );
    }
    assert!(persona.requests().await.is_empty());
}

#[tokio::test]
async fn calls_can_be_made_from_any_thread_and_the_client_shows_no_key() {
    let persona = Persona::telling("one-time-link").await;
    assert!(!format!("{:?}", persona.client).contains("xyzzy"));
    let client = persona.client.clone();
    let call = tokio::spawn(async move { client.generate_one_time_link(&inquiry("ada"), None, &key()).await.is_ok() });
    assert!(call.await.unwrap());
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_tells_the_call_and_its_end_but_no_secret() {
    let lines = Lines::default();
    let written = lines.clone();
    let _guard = crate::support::listen(move || written.clone());
    let answer = ResponseTemplate::new(200)
        .set_body_json(fixture("api/one-time-link.json"))
        .insert_header("Request-Id", "req_AdaExample1");
    let persona = Persona::answering(answer).await;
    persona.client.generate_one_time_link(&inquiry("ada"), None, &key()).await.unwrap();
    let persona = Persona::telling("inquiry-resume").await;
    persona.client.resume_inquiry(&inquiry("cleo"), &key()).await.unwrap();

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let closed = |line: &&str| line.contains("persona.client.generate_one_time_link{") && line.contains(": close");
    let close = log.lines().find(closed).unwrap();
    for part in [r#"method="POST""#, "status=200", r#"request_id="req_AdaExample1""#, "elapsed_ms=0"] {
        assert!(close.contains(part), "{part} in {close}");
    }
    for secret in [API_KEY, "us1-example-of-ada", "EXADA1", "example-session-token", "ada@example.com"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
