//! Who reads a page: what they may see and do, and how they like it.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;

use crate::app::board::Board;
use crate::domain::act::Act;
use crate::domain::ids::EnvironmentName;
use crate::domain::time::Timestamp;
use crate::http::board::Pages;
use crate::http::board::assets::{SCRIPT_AT, STYLE_AT};
use crate::http::board::page::Trouble;
use crate::http::board::view::frame::{Frame, Operator, Place, Said, Theme};
use crate::http::board::view::when::When;
use crate::http::operators::{Caller, Gate, Refused, Visitor};

/// The cookie that keeps the colours somebody chose.
pub(super) const THEME: &str = "rekindle_theme";

/// Whoever reads a page.
pub(super) struct Reader {
    pages: Pages,
    caller: Caller,
    theme: Theme,
    here: String,
    said: Option<Said>,
    now: Timestamp,
}

impl Reader {
    /// Whoever sent a form, so that they can be answered with a page.
    pub(super) fn of(pages: &Pages, caller: Caller, headers: &HeaderMap, here: &str) -> Self {
        let theme = cookie(headers, THEME).and_then(Theme::parse).unwrap_or_default();
        let now = pages.app.clock().now();
        Self { pages: pages.clone(), caller, theme, here: here.to_owned(), said: None, now }
    }

    /// What they see.
    pub(super) fn board(&self) -> Board {
        self.pages.app.board(self.caller.operator.environment.clone())
    }

    /// What they see of one environment.
    pub(super) fn board_within(&self, environment: &EnvironmentName) -> Board {
        let own = self.caller.operator.environment.clone();
        self.pages.app.board(own.or_else(|| Some(environment.clone())))
    }

    /// What every page is made with.
    pub(super) const fn pages(&self) -> &Pages {
        &self.pages
    }

    /// Who they are.
    pub(super) const fn caller(&self) -> &Caller {
        &self.caller
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

    /// Whether they may do that in an environment.
    pub(super) fn may(&self, act: Act, environment: &EnvironmentName) -> bool {
        self.caller.operator.may(act, environment)
    }

    /// Refuses what their role does not allow.
    ///
    /// # Errors
    /// [`Trouble::NotAllowed`].
    pub(super) fn needs(&self, act: Act) -> Result<(), Trouble> {
        if self.caller.operator.role.may(act) { Ok(()) } else { Err(Trouble::NotAllowed(act.least().as_str())) }
    }

    /// What stands around their page, which is asked for again every so many seconds.
    pub(super) fn frame(&self, title: &str, place: Place, live: u32) -> Frame {
        let operator = &self.caller.operator;
        let shown = Operator {
            name: operator.who.clone(),
            role: operator.role.to_string(),
            environment: operator.environment.as_ref().map(ToString::to_string),
            audits: operator.role.may(Act::ReadAudit),
            administers: operator.may_everywhere(Act::ReadSettings),
        };
        Frame {
            title: title.to_owned(),
            place,
            operator: Some(shown),
            csrf: self.caller.csrf().unwrap_or_default().to_owned(),
            theme: self.theme,
            here: self.here.clone(),
            live,
            said: self.said.clone(),
            style: &STYLE_AT,
            script: &SCRIPT_AT,
        }
    }
}

impl FromRequestParts<Pages> for Reader {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        use axum::response::IntoResponse as _;
        let found = Visitor::from_request_parts(parts, pages).await;
        let Visitor(caller) = found.map_err(Refused::into_response)?;
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let said = parts.uri.query().and_then(said);
        Ok(Self { said, ..Self::of(pages, caller, &parts.headers, here) })
    }
}

impl FromRef<Pages> for Gate {
    fn from_ref(pages: &Pages) -> Self {
        pages.gate.clone()
    }
}

/// What came of the last act, by the word that its answer put into the address: only words of ours are said.
fn said(query: &str) -> Option<Said> {
    let (_, word) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "said")?;
    let text = match word.as_ref() {
        "retried" => "It is due now, with all its attempts before it.",
        "cancelled" => "It is cancelled for good.",
        "rescheduled" => "It was put to that time.",
        "reminded" => "They are reminded in a moment, unless the plan finds that they need not be.",
        "revived" => "It is resumed in a moment.",
        "replaced" => "Another inquiry takes its place in a moment.",
        "reread" => "Persona was asked how it stands.",
        "muted" => "Nobody is told anything about it any more.",
        "unmuted" => "Its person is told again.",
        "revoked" => "The link opens no more.",
        "released" => "The event was applied.",
        "discarded" => "The event was discarded.",
        "replay-started" => "It is started, and goes on by itself.",
        "replay-paused" => "It stays where it is until it is resumed.",
        "replay-resumed" => "It goes on where it was.",
        "replay-cancelled" => "It ended here. What was made due is performed.",
        "paused" => "Nothing of this lane is begun until it is resumed.",
        "silenced" => "Nobody is told of this alert until then.",
        "unsilenced" => "Whoever is told of alerts is told of this one again.",
        "resumed" => "The lane is performed again.",
        _ => return None,
    };
    Some(Said { tone: "ok", shape: "check", text: text.to_owned() })
}

/// The value of a cookie.
fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}
