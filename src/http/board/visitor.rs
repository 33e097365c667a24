//! Who looks at a page: what they may see and do, and how they like it.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::app::board::Board;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::http::board::Pages;
use crate::http::board::assets::{SCRIPT_AT, STYLE_AT};
use crate::http::board::view::frame::{Frame, Operator, Place, Theme};
use crate::http::board::view::when::When;

/// The cookie that keeps the colours somebody chose.
pub(super) const THEME: &str = "rekindle_theme";

/// Whoever looks at a page.
pub(super) struct Visitor {
    pages: Pages,
    operator: Operator,
    csrf: String,
    theme: Theme,
    here: String,
    now: Timestamp,
}

impl Visitor {
    /// What they see.
    pub(super) fn board(&self) -> Board {
        self.pages.app.board(None)
    }

    /// The time their page is made at.
    pub(super) const fn now(&self) -> Timestamp {
        self.now
    }

    /// A time as they see it.
    pub(super) fn when(&self, at: Timestamp) -> When {
        When::of(at, self.now)
    }

    /// The address of their page.
    pub(super) fn here(&self) -> &str {
        &self.here
    }

    /// Whether they may act in an environment.
    pub(super) fn acts(&self, _environment: &EnvironmentName) -> bool {
        self.operator.acts
    }

    /// Whether they may see payloads.
    pub(super) const fn reveals(&self) -> bool {
        self.operator.reveals
    }

    /// What stands around their page, which is asked for again every so many seconds.
    pub(super) fn frame(&self, title: &str, place: Place, live: u32) -> Frame {
        Frame {
            title: title.to_owned(),
            place,
            operator: Some(self.operator.clone()),
            csrf: self.csrf.clone(),
            theme: self.theme,
            here: self.here.clone(),
            live,
            said: None,
            style: &STYLE_AT,
            script: &SCRIPT_AT,
        }
    }
}

impl FromRequestParts<Pages> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Infallible> {
        let operator = Operator { acts: true, reveals: true, administers: true, ..Operator::default() };
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let theme = cookie(&parts.headers, THEME).and_then(|text| Theme::parse(&text)).unwrap_or_default();
        let now = pages.app.clock().now();
        Ok(Self { pages: pages.clone(), operator, csrf: String::new(), theme, here, now })
    }
}

/// The value of a cookie.
fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}
