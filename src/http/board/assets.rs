//! The stylesheet, the script and the picture: built in, and named by what they hold, so that browsers keep them.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../../../templates/board/board.css");
const SCRIPT: &str = include_str!("../../../templates/board/board.js");
const FLAME: &str = include_str!("../../../templates/board/flame.svg");

/// Where the stylesheet is.
pub(super) static STYLE_AT: LazyLock<String> = LazyLock::new(|| named("/board/board.css", STYLE));

/// Where the script is.
pub(super) static SCRIPT_AT: LazyLock<String> = LazyLock::new(|| named("/board/board.js", SCRIPT));

/// Their routes. Anybody may have them: there is nothing in them that is not in the source.
pub(super) fn routes() -> Router {
    Router::new()
        .route("/board/board.css", get(async || kept("text/css; charset=utf-8", STYLE)))
        .route("/board/board.js", get(async || kept("text/javascript; charset=utf-8", SCRIPT)))
        .route("/board/flame.svg", get(async || kept("image/svg+xml", FLAME)))
}

fn named(path: &str, text: &str) -> String {
    let hash = hex::encode(Sha256::digest(text.as_bytes()));
    format!("{path}?{}", &hash[..12])
}

fn kept(media: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, media),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}
