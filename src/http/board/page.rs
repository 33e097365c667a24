//! How pages are answered: within a policy that lets browsers load nothing but our own, and never from a cache.

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use tracing::error;

use crate::app::board::StorageError;
use crate::http::board::Pages;
use crate::http::board::reader::Reader;
use crate::http::board::view::frame::Place;
use crate::http::board::view::list::Nothing;
use crate::http::board::view::notice::Notice;
use crate::http::problem::Problem;

/// What browsers may do with our pages: load our own style, script and pictures, ask us, and send forms to us.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Why there is no page.
#[derive(Debug)]
pub(super) enum Trouble {
    /// There is nothing there, or not for whoever asks.
    Unknown,
    /// Whoever asks may not; what they would have to be.
    NotAllowed(&'static str),
    /// It can't be done as things stand; why, and what helps.
    Refused(String),
    /// The database can't be asked.
    Storage(StorageError),
}

impl From<StorageError> for Trouble {
    fn from(why: StorageError) -> Self {
        Self::Storage(why)
    }
}

/// Puts the headers on that every answer has.
pub(super) async fn seal(mut response: Response) -> Response {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// There is no such page; programs are told so in their own words.
pub(super) async fn unknown(State(pages): State<Pages>, request: Request) -> Response {
    if request.uri().path().starts_with("/v1/") {
        return Problem::new(StatusCode::NOT_FOUND, "there is no such route").into_response();
    }
    let (mut parts, _) = request.into_parts();
    match Reader::from_request_parts(&mut parts, &pages).await {
        Ok(reader) => trouble(&reader, &Trouble::Unknown),
        Err(refused) => refused,
    }
}

/// A text as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.trim().chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    let rest = letters.as_str();
    let end = if rest.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{rest}{end}")
}

impl Reader {
    /// A page, or what is wrong, as an answer.
    pub(super) fn answer<T: Template>(&self, page: Result<T, Trouble>) -> Response {
        match page {
            Ok(page) => written(StatusCode::OK, &page),
            Err(why) => trouble(self, &why),
        }
    }
}

/// What is wrong, as a page.
pub(super) fn trouble(reader: &Reader, why: &Trouble) -> Response {
    let home = || Some(("/".to_owned(), "To the overview".to_owned()));
    let (status, head, text, way) = match why {
        Trouble::Unknown => (
            StatusCode::NOT_FOUND,
            "Nothing is here".to_owned(),
            "The address leads nowhere, what was here was taken away by retention, or it lies in an environment you \
             don’t see."
                .to_owned(),
            home(),
        ),
        Trouble::NotAllowed(role) => (
            StatusCode::FORBIDDEN,
            "You may not do that".to_owned(),
            format!("This takes the role of {role}. Whoever administers this Rekindle can give it to you."),
            home(),
        ),
        Trouble::Refused(why) => {
            let back = Some((reader.here().to_owned(), "Back".to_owned()));
            (StatusCode::CONFLICT, "That was not done".to_owned(), sentence(why), back)
        }
        Trouble::Storage(why) => {
            error!(error = %why, "a page of the dashboard could not be read");
            let again = Some((reader.here().to_owned(), "Load it again".to_owned()));
            let text = "Rekindle is up, and its database can’t be asked right now. Deliveries are answered with 503, so \
                        Persona sends them again; nothing is lost. The log says why.";
            (StatusCode::SERVICE_UNAVAILABLE, "The database can’t be asked".to_owned(), text.to_owned(), again)
        }
    };
    let frame = reader.frame(&head, Place::Nowhere, 0);
    written(status, &Notice { frame, nothing: Nothing { head, text, way } })
}

fn written(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        // Writing into a text does not fail.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn reasons_are_sentences() {
        assert_eq!(sentence("the notifier answered 503"), "The notifier answered 503.");
        assert_eq!((sentence("Really?"), sentence("")), ("Really?".to_owned(), ".".to_owned()));
    }
}
