//! How pages look and what browsers may do with them.

use askama::Template;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::config::{Brand, Language, Links, Text};
use crate::http::go::page::{Page, Press};

/// The stylesheet, with names in place of the brand's colours.
const STYLE: &str = include_str!("../../../templates/go/page.css");

/// How the pages of an installation look.
pub(super) struct Look {
    brand: Brand,
    style: String,
    /// Headers of every answer.
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Template)]
#[template(path = "go/page.html")]
struct Html5<'a> {
    lang: &'static str,
    brand: &'a Brand,
    style: &'a str,
    heading: String,
    body: String,
    button: Option<Button>,
    notes: Vec<String>,
    questions: String,
}

struct Button {
    text: String,
    action: Option<String>,
}

impl Look {
    pub(super) fn of(links: &Links) -> Self {
        let brand = links.brand.clone();
        let style = STYLE
            .replace("ON_LIGHT", &brand.accent.ink().to_string())
            .replace("ON_DARK", &brand.accent_dark.ink().to_string())
            .replace("LIGHT", &brand.accent.to_string())
            .replace("DARK", &brand.accent_dark.to_string());
        let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));
        // Chromium holds the target of the form's redirect against form-action, too.
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{hash}'; img-src data:; form-action 'self' {}; base-uri 'none'; \
             frame-ancestors 'none'",
            links.sources()
        );
        let headers = [
            (header::CONTENT_SECURITY_POLICY, policy.as_str()),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        ];
        let value = |(name, text)| HeaderValue::from_str(text).ok().map(|value| (name, value));
        Self { brand, style, headers: headers.into_iter().filter_map(value).collect() }
    }

    /// Puts the headers on that every answer has.
    pub(super) fn seal(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
    }

    /// A page as an answer; `token` is that of the link it is about.
    pub(super) fn answer(&self, language: Language, page: &Page, token: &str) -> Response {
        // Relative, so that it is right behind a proxy that adds to the path.
        let action = |press| (press == Press::Renew).then(|| format!("{token}/renew"));
        let say = |text: Text| self.brand.text(language, text);
        let counted = |(text, n): (Text, Option<u64>)| match n {
            Some(n) => say(text).replace("{n}", &n.to_string()),
            None => say(text),
        };
        let html = Html5 {
            lang: language.as_str(),
            brand: &self.brand,
            style: &self.style,
            heading: say(page.heading),
            body: counted(page.body),
            button: page.button.map(|(text, press)| Button { text: say(text), action: action(press) }),
            notes: page.notes.iter().copied().map(counted).collect(),
            questions: say(Text::Questions),
        };
        // Writing into a text does not fail.
        let html = html.render().unwrap_or_default();
        let mut answer = (page.status, Html(html)).into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.as_str()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        if let Some(seconds) = page.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
