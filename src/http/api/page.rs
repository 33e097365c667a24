//! A page to read the API on, made from its description. No script, nothing from elsewhere.

use std::fmt::Write;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::openapi::OpenApi as Described;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;color:#1b1b1f;\
background:#fff}h2{margin-top:2.5rem;border-bottom:1px solid #ccc}h3 code{font-size:1rem}table{border-collapse:collapse;\
width:100%}td,th{text-align:left;vertical-align:top;padding:.2rem .6rem .2rem 0;border-bottom:1px solid #e4e4e8}\
code{font-family:ui-monospace,monospace;font-size:.9rem}@media(prefers-color-scheme:dark){body{background:#16161a;\
color:#e6e6ea}td,th,h2{border-color:#3a3a42}a{color:#9ab8ff}}";

/// The page, made once.
#[derive(Clone)]
pub(super) struct Page {
    html: String,
    policy: HeaderValue,
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = Html(self.html).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}

/// Makes the page.
pub(super) fn render(described: &Described) -> Page {
    let document = serde_json::to_value(described).unwrap_or_default();
    let mut html = String::new();
    // Writing into a String can't fail.
    let _ = write_page(&mut html, &document);
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        STANDARD.encode(Sha256::digest(STYLE))
    );
    let policy = HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
    Page { html, policy }
}

fn write_page(out: &mut String, document: &Value) -> std::fmt::Result {
    let title = text(&document["info"]["title"]);
    write!(out, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>")?;
    write!(out, "<meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>")?;
    write!(out, "<h1>{title}</h1><p>{}</p>", text(&document["info"]["description"]))?;
    write!(out, "<p>For programs: <a href=\"/v1/openapi.json\">openapi.json</a></p>")?;
    for tag in document["tags"].as_array().into_iter().flatten() {
        write!(out, "<h2>{}</h2><p>{}</p>", text(&tag["name"]), text(&tag["description"]))?;
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                if operation["tags"][0] == tag["name"] {
                    write_operation(out, (path, method), operation)?;
                }
            }
        }
    }
    write!(out, "<h2>Shapes</h2>")?;
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        write!(out, "<h3 id=\"{0}\"><code>{0}</code></h3><p>{1}</p>", escaped(name), text(&schema["description"]))?;
        let variants = schema["oneOf"].as_array().map_or_else(|| vec![schema], |all| all.iter().collect());
        for variant in variants {
            write_shape(out, variant)?;
        }
    }
    write!(out, "</body></html>")
}

fn write_operation(out: &mut String, (path, method): (&str, &str), operation: &Value) -> std::fmt::Result {
    let route = format!("{} {}", method.to_uppercase(), path);
    write!(out, "<h3><code>{}</code></h3><p><b>{}</b></p>", escaped(&route), text(&operation["summary"]))?;
    if operation["description"].is_string() {
        write!(out, "<p>{}</p>", text(&operation["description"]))?;
    }
    write!(out, "<table><tr><th>Scope<td><code>{}</code>", text(&operation["security"][0]["token"][0]))?;
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, about) = (text(&parameter["name"]), text(&parameter["description"]));
        write!(out, "<tr><th>{}<td><code>{name}</code> {about}", text(&parameter["in"]))?;
    }
    let shape = |place: &Value| {
        let content = place["content"].as_object().and_then(|content| content.values().next());
        content.map_or_else(String::new, |content| kind(&content["schema"]))
    };
    if operation["requestBody"].is_object() {
        write!(out, "<tr><th>body<td>{}", shape(&operation["requestBody"]))?;
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        write!(out, "<tr><th>{}<td>{} {}", escaped(status), text(&response["description"]), shape(response))?;
    }
    write!(out, "</table>")
}

fn write_shape(out: &mut String, schema: &Value) -> std::fmt::Result {
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    write!(out, "<table>")?;
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let need = if required(name) { "" } else { " (optional)" };
        let about = text(&property["description"]);
        write!(out, "<tr><th><code>{}</code><td>{}{need}<td>{about}", escaped(name), kind(property))?;
    }
    write!(out, "</table>")
}

/// What kind of value it is, with a link to its shape.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#{0}\"><code>{0}</code></a>", escaped(name));
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| format!("<code>{}</code>", text(word))).collect::<Vec<_>>().join(", ");
    }
    if let Some(several) = schema["oneOf"].as_array() {
        let kinds: Vec<String> = several.iter().filter(|one| one["type"] != "null").map(kind).collect();
        return kinds.join(" or ");
    }
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(text).filter(|kind| kind != "null").collect::<Vec<_>>().join(" or "),
        Value::String(one) if one == "array" => format!("list of {}", kind(&schema["items"])),
        one => text(one),
    }
}

fn text(value: &Value) -> String {
    escaped(value.as_str().unwrap_or_default())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_and_shape_is_on_the_page_and_nothing_comes_from_elsewhere() {
        let described = super::super::document();
        let page = render(&described);
        let document = serde_json::to_value(&described).unwrap();
        for path in document["paths"].as_object().unwrap().keys() {
            assert!(page.html.contains(&escaped(path)), "{path}");
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.html.contains(&format!("id=\"{name}\"")), "{name}");
        }
        assert!(!page.html.contains("http://") && !page.html.contains("src="), "nothing from elsewhere");
        let policy = page.policy.to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }

    #[test]
    fn what_could_be_markup_is_escaped() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
