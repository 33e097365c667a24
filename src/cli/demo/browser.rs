//! A person's browser: loads a link, and presses the buttons of the page it leads to.

use anyhow::{Context, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpStream;
use url::Url;
use url::form_urlencoded::Serializer;

use crate::domain::ids::InquiryId;

/// What a link led to.
#[derive(Debug)]
pub(super) enum Page {
    /// The flow.
    Inside(Tab),
    /// The end of the flow.
    Done,
    /// A refusal, with its headline.
    Refused(String),
}

/// An open tab in the flow. What is in it is gone when it is closed.
#[derive(Debug)]
pub(super) struct Tab {
    /// The inquiry it shows.
    pub(super) inquiry: InquiryId,
    session_token: SecretString,
    site: Url,
}

/// Follows a link. Errors never name it.
pub(super) async fn open(link: &SecretString) -> anyhow::Result<Page> {
    let url = Url::parse(link.expose_secret()).context("the link is none")?;
    let html = load(Method::GET, &url, String::new()).await?;
    page(&html, &url)
}

impl Tab {
    /// Presses the button of an action: `start`, `step`, `complete` or `fail`.
    pub(super) async fn press(&self, action: &str) -> anyhow::Result<Page> {
        let form = Serializer::new(String::new())
            .append_pair("action", action)
            .append_pair("inquiry-id", self.inquiry.as_str())
            .append_pair("session-token", self.session_token.expose_secret())
            .finish();
        let url = self.site.join("/verify/step").context("the page has no address")?;
        let html = load(Method::POST, &url, form).await?;
        page(&html, &self.site)
    }
}

async fn load(method: Method, url: &Url, form: String) -> anyhow::Result<String> {
    let address = (url.host_str().context("the link names no host")?, url.port_or_known_default().unwrap_or(80));
    let stream = TcpStream::connect(address).await.context("the page can't be reached")?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.context("the page did not answer")?;
    let connection = tokio::spawn(connection);
    let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::HOST, url.authority())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Full::new(Bytes::from(form)))
        .context("the link is none")?;
    let answer = sender.send_request(request).await.context("the page did not answer")?;
    let body = answer.into_body().collect().await.context("the page broke off")?.to_bytes();
    connection.abort();
    String::from_utf8(body.to_vec()).context("the page is no text")
}

/// Reads a page of the flow, as far as a person would.
fn page(html: &str, site: &Url) -> anyhow::Result<Page> {
    match between(html, "data-state=\"", "\"") {
        Some("flow") => {
            let hidden = |name: &str| between(html, &format!("name=\"{name}\" value=\""), "\"");
            let token = hidden("session-token").context("the page holds no session")?;
            let inquiry = hidden("inquiry-id").context("the page shows no inquiry")?;
            Ok(Page::Inside(Tab {
                inquiry: InquiryId::parse(inquiry).context("the page shows no inquiry")?,
                session_token: token.into(),
                site: site.clone(),
            }))
        }
        Some("done") => Ok(Page::Done),
        state => {
            ensure!(state == Some("refused"), "the page is none that people know");
            Ok(Page::Refused(between(html, "<h1>", "</h1>").unwrap_or("no word").to_owned()))
        }
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    rest.find(after).map(|end| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> anyhow::Result<Page> {
        page(html, &Url::parse("http://127.0.0.1:1/verify").unwrap())
    }

    #[test]
    fn a_page_is_read_as_far_as_a_person_would() {
        let flow = "<body data-state=\"flow\"><input name=\"session-token\" value=\"abc\">\
                    <input name=\"inquiry-id\" value=\"inq_1\">";
        assert!(matches!(read(flow).unwrap(), Page::Inside(tab) if tab.inquiry.as_str() == "inq_1"));
        assert!(matches!(read("<body data-state=\"done\">").unwrap(), Page::Done));
        let refused = "<body data-state=\"refused\"><h1>Session expired</h1>";
        assert!(matches!(read(refused).unwrap(), Page::Refused(title) if title == "Session expired"));
        assert!(read("<body>").is_err());
    }
}
