//! Static links: opened, and known again; the description and the page to read.

use std::collections::BTreeSet;

use rekindle::persona::simulator::Opened;
use serde_json::{Value, json};

use super::super::world::World;
use super::{Caller, TEMPLATE, wanted};
use crate::support::on_both;

/// Every `$ref` in a document.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(all) => all.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// What OpenAPI 3.1 asks of a document (<https://spec.openapis.org/oas/v3.1.0>), as far as ours has it.
#[test]
fn the_description_is_sound() {
    let document = serde_json::to_value(rekindle::http::api::document()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in &found {
        let target = document.pointer(reference.strip_prefix('#').unwrap());
        assert!(target.is_some_and(Value::is_object), "{reference} leads nowhere");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name} is no JSON schema");
        let used = found.iter().any(|reference| reference.rsplit('/').next() == Some(name));
        assert!(used, "{name} is described and never used");
    }
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(operations.insert(id), "{id} is there twice");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{id}");
            let named: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            let declared = operation["parameters"].as_array().into_iter().flatten();
            let in_path = declared.filter(|parameter| parameter["in"] == "path");
            let declared: Vec<&str> = in_path.map(|parameter| parameter["name"].as_str().unwrap()).collect();
            assert_eq!(named, declared, "{method} {path}");
            let responses = operation["responses"].as_object().unwrap();
            for status in ["200", "4XX", "503"] {
                assert!(responses[status]["description"].is_string(), "{id}: {status}");
            }
            let problem = &responses["4XX"]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/ProblemDetails", "{id}");
            let scheme = operation["security"][0].as_object().unwrap().keys().next().unwrap();
            assert!(document["components"]["securitySchemes"][scheme].is_object(), "{id}");
        }
    }
}

on_both! {
    /// Opened from wherever it was printed, it makes an inquiry with a name that says nothing; here it is known again.
    async fn who_opens_a_static_link_is_known_again(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let (operator, bolt) = (world.caller(None).await, world.caller(Some("bolt")).await);
        let mut body = wanted("ada@example.com");
        body["look"] = json!({ "subdomain": "acme", "language": "de", "redirect_uri": "https://app.example.com/?a=1&b=2", "style": "dark" });
        let made = bolt.post("/v1/static-links", body.clone()).await;
        assert_eq!(made.status, 200, "{made:?}");
        let again = bolt.post("/v1/static-links", body).await;
        assert_eq!(again.body, made.body, "the same each time");
        let (url, opaque) = (made.body["url"].as_str().unwrap(), made.body["reference_id"].as_str().unwrap());
        assert!(!url.contains("ada") && url.starts_with("https://acme.withpersona.com/verify?"), "{url}");
        let Opened::Inside { inquiry, .. } = world.persona.open_link(url) else { panic!("{url} does not open") };
        world.settle().await;
        assert_eq!(world.status(&inquiry).await, "created", "its webhook came");
        let found = bolt.get("/v1/inquiries?reference-id=ada%40example.com").await;
        let one = &found.body["inquiries"][0];
        assert_eq!((one["id"].as_str(), one["reference_id"].as_str()), (Some(inquiry.as_str()), Some(opaque)));
        assert_eq!((&one["known_as"], &one["customer"]), (&json!("ada@example.com"), &json!("bolt")));
        let resolved = bolt.get(&format!("/v1/static-links/{opaque}")).await;
        assert_eq!((resolved.status, &resolved.body["known_as"]), (200, &json!("ada@example.com")));
        assert_eq!(operator.get(&format!("/v1/static-links/{opaque}")).await.status, 200);
        let body = json!({ "reference_id": "ada@example.com", "form": "one-time-link" });
        let entered = bolt.post("/v1/access", body).await;
        assert_eq!(entered.body["inquiry_id"], inquiry.as_str(), "{entered:?}");
        world.finish().await;
    }

    async fn an_address_is_built_with_everything_escaped(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let body = json!({ "template_id": TEMPLATE, "reference_id": "a&b=c", "begins": { "environment_id": "env_1", "fields": { "name-first": "Ada & Co" } } });
        let built = caller.post("/v1/hosted-flow-url", body).await;
        let expected = format!("https://inquiry.withpersona.com/verify?inquiry-template-id={TEMPLATE}&environment-id=env_1&reference-id=a%26b%3Dc&fields%5Bname-first%5D=Ada%20%26%20Co");
        assert_eq!((built.status, built.body["url"].as_str()), (200, Some(expected.as_str())));
        let body = json!({ "template_id": TEMPLATE, "look": { "subdomain": "evil.example.com/x?" } });
        assert_eq!(caller.post("/v1/hosted-flow-url", body).await.status, 422);
        let body = json!({ "template_id": TEMPLATE, "reference_id": "ada", "account_id": "act_1" });
        assert_eq!(caller.post("/v1/hosted-flow-url", body).await.status, 422);
        world.finish().await;
    }

    async fn the_description_and_its_page_are_served_to_everyone(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let _ = Caller::new(world.public(), None);
        let http = reqwest::Client::builder().no_proxy().timeout(super::BOUND).build().unwrap();
        let document = http.get(format!("{}/v1/openapi.json", world.public())).send().await.unwrap();
        assert_eq!(document.headers()["content-type"], "application/json");
        let document: serde_json::Value = document.json().await.unwrap();
        assert_eq!(document, serde_json::to_value(rekindle::http::api::document()).unwrap());
        let page = http.get(format!("{}/v1/docs", world.public())).send().await.unwrap();
        assert!(page.headers()["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        assert!(page.text().await.unwrap().contains("/v1/inquiries/{id}/access"));
        world.finish().await;
    }
}
