//! Light or dark, as somebody likes it: kept in a cookie, so that a page comes in the right colours from the start.

use axum::Form;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::http::board::reader::THEME;
use crate::http::board::view::frame::Theme;

/// A year.
const KEPT_SECONDS: u32 = 31_536_000;

#[derive(Deserialize)]
pub(super) struct Choice {
    theme: String,
    #[serde(default)]
    back: String,
}

/// Keeps the choice and leads back. It changes nothing but a cookie of the browser's own, so anybody may.
pub(super) async fn choose(Form(choice): Form<Choice>) -> Response {
    let theme = Theme::parse(&choice.theme).unwrap_or_default();
    let cookie = format!("{THEME}={}; Path=/; Max-Age={KEPT_SECONDS}; SameSite=Lax; HttpOnly", theme.as_str());
    (StatusCode::SEE_OTHER, [(header::SET_COOKIE, cookie), (header::LOCATION, within(&choice.back).to_owned())])
        .into_response()
}

/// A path of ours; the first page for anything that could lead elsewhere.
fn within(back: &str) -> &str {
    let ours = back.starts_with('/') && !back.starts_with("//") && !back.contains(['\\', '\r', '\n', '\t']);
    if ours && back.is_ascii() { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::within;

    #[test]
    fn nobody_is_led_elsewhere() {
        assert_eq!(within("/inquiries?status=created"), "/inquiries?status=created");
        for wrong in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", "inquiries"] {
            assert_eq!(within(wrong), "/", "{wrong:?}");
        }
    }
}
