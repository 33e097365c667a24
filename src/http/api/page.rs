//! A page to read the API on, made from its description. No script, nothing from elsewhere.

use std::fmt::Write;

use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::openapi::OpenApi as Described;

/// The stylesheet of the page.
const STYLE: &str = include_str!("../../../templates/api/page.css");

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
    write!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    write!(out, "<meta name=\"color-scheme\" content=\"light dark\"><style>{STYLE}</style></head><body><main>")?;
    write!(out, "<h1>{title}</h1><p>{}</p>", prose(&document["info"]["description"]))?;
    write!(out, "<p>For programs: <a href=\"/v1/openapi.json\">openapi.json</a></p>")?;
    write_contents(out, document)?;
    for tag in document["tags"].as_array().into_iter().flatten() {
        write!(out, "<h2>{}</h2><p>{}</p>", text(&tag["name"]), prose(&tag["description"]))?;
        for (path, method, operation) in operations(document).filter(|(.., one)| one["tags"][0] == tag["name"]) {
            write_operation(out, (path, method), operation)?;
        }
    }
    write!(out, "<h2>Shapes</h2>")?;
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        write!(out, "<h3 id=\"{0}\"><code>{0}</code></h3><p>{1}</p>", escaped(name), prose(&schema["description"]))?;
        match schema["oneOf"].as_array() {
            None => write_shape(out, schema)?,
            Some(variants) => {
                for variant in variants {
                    write!(out, "<p class=\"variant\">{}</p>", prose(&variant["description"]))?;
                    write_shape(out, variant)?;
                }
            }
        }
    }
    write!(out, "</main></body></html>")
}

/// Every operation, with its path and method.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let called = document["paths"].as_object().into_iter().flatten();
    let paths = called.chain(document["webhooks"].as_object().into_iter().flatten());
    paths.flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(|(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

/// What there is, as a list to jump from.
fn write_contents(out: &mut String, document: &Value) -> std::fmt::Result {
    write!(out, "<nav aria-label=\"Operations\"><ul>")?;
    for tag in document["tags"].as_array().into_iter().flatten() {
        for (path, method, operation) in operations(document).filter(|(.., one)| one["tags"][0] == tag["name"]) {
            let (id, summary) = (text(&operation["operationId"]), prose(&operation["summary"]));
            write!(out, "<li><a href=\"#{id}\">{summary}</a> {}</li>", route(path, method))?;
        }
    }
    write!(out, "</ul></nav>")
}

fn route(path: &str, method: &str) -> String {
    format!("<code class=\"route\"><b>{}</b> {}</code>", escaped(&method.to_uppercase()), escaped(path))
}

fn write_operation(out: &mut String, (path, method): (&str, &str), operation: &Value) -> std::fmt::Result {
    let (id, summary) = (text(&operation["operationId"]), prose(&operation["summary"]));
    write!(out, "<h3 id=\"{id}\">{summary}</h3><p>{}</p>", route(path, method))?;
    if operation["description"].is_string() {
        write!(out, "<p>{}</p>", prose(&operation["description"]))?;
    }
    write!(out, "<table class=\"operation\">")?;
    if operation["security"].is_array() {
        let scope = text(&operation["security"][0]["token"][0]);
        write!(out, "<tr><th scope=\"row\">scope<td><code>{scope}</code>")?;
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let (name, about) = (text(&parameter["name"]), prose(&parameter["description"]));
        write!(out, "<tr><th scope=\"row\">{}<td><code>{name}</code> {about}", text(&parameter["in"]))?;
    }
    let shape = |place: &Value| {
        let content = place["content"].as_object().and_then(|content| content.values().next());
        content.map_or_else(String::new, |content| kind(&content["schema"]))
    };
    if operation["requestBody"].is_object() {
        write!(out, "<tr><th scope=\"row\">body<td>{}", shape(&operation["requestBody"]))?;
    }
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let about = prose(&response["description"]);
        write!(out, "<tr><th scope=\"row\">{}<td>{about} {}", escaped(status), shape(response))?;
    }
    write!(out, "</table>")
}

fn write_shape(out: &mut String, schema: &Value) -> std::fmt::Result {
    let required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    let Some(properties) = schema["properties"].as_object() else {
        return write!(out, "<p>{}</p>", kind(schema));
    };
    write!(out, "<table>")?;
    for (name, property) in properties {
        let need = if required(name) { "" } else { " <span class=\"soft\">(optional)</span>" };
        let about = prose(&property["description"]);
        write!(out, "<tr><th scope=\"row\"><code>{}</code><td>{}{need}<td>{about}", escaped(name), kind(property))?;
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

/// A text in which what stands between backticks is code.
fn prose(value: &Value) -> String {
    let text = text(value);
    let mut out = String::with_capacity(text.len());
    for (place, part) in text.split('`').enumerate() {
        let code = place % 2 == 1;
        out.push_str(if code { "<code>" } else { "" });
        out.push_str(part);
        out.push_str(if code { "</code>" } else { "" });
    }
    out
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
        let (paths, webhooks) = (document["paths"].as_object().unwrap(), document["webhooks"].as_object().unwrap());
        for path in paths.keys().chain(webhooks.keys()) {
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
    fn what_is_between_backticks_is_code() {
        assert_eq!(prose(&"say `a<b` or `c`".into()), "say <code>a&lt;b</code> or <code>c</code>");
        assert_eq!(prose(&"one ` alone".into()), "one <code> alone</code>");
    }

    #[test]
    fn what_could_be_markup_is_escaped() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
