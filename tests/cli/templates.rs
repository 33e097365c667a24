//! `rekindle templates`: what an operator sees of a new version, forecasts, and decides about.

use rekindle::domain::ids::TemplateId;
use rekindle::persona::simulator::DEFAULT_TEMPLATE;
use serde_json::Value;

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually};
use crate::support::on_both;

async fn template(rekindle: &Installation) -> Option<Value> {
    rekindle.list(&["templates", "list"]).await.into_iter().find(|template| template["id"] == DEFAULT_TEMPLATE)
}

on_both! {
    async fn a_new_version_is_followed_by_an_operator(scratch: &Scratch) {
        let outside = Outside::with(living(86_400)).await;
        let mut rekindle = Installation::new(&outside.configuration(&scratch.url, r#"reminders = ["50%"]"#));
        outside.send_webhooks_to(&rekindle);
        rekindle.start().await;
        let unknown = rekindle.refused(&["templates", "show", "itmpl_Nobody"]).await;
        assert!(unknown.contains("nothing is known of template itmpl_Nobody"), "{unknown}");
        outside.person("ada");
        eventually("the inquiry is planned", || async { rekindle.list(&["actions", "list"]).await.pop() }).await;

        let id = TemplateId::parse(DEFAULT_TEMPLATE).unwrap();
        let version = outside.persona.publish_version(&id, None).unwrap();
        let through = eventually("everyone is planned anew", || async {
            let known = template(&rekindle).await?;
            (known["versions"][0]["run"]["state"] == "done").then_some(known)
        })
        .await;
        assert_eq!(through["latest_version"], version.as_str(), "{through:#}");
        assert_eq!((&through["open"], &through["open_outdated"]), (&1.into(), &1.into()), "{through:#}");
        let run = &through["versions"][0]["run"];
        assert_eq!((&run["looked_at"], &run["outdated"], &run["errors"]), (&1.into(), &1.into(), &0.into()));
        assert_eq!(run["changed_by"], "rekindle");

        let forecast = rekindle.json(&["templates", "replace", DEFAULT_TEMPLATE, "--dry-run"]).await;
        assert_eq!(forecast["inquiries"][0]["decision"], "replaced", "{forecast:#}");
        assert_eq!((&forecast["calls"], &forecast["minutes"]), (&3.into(), &1.into()), "{forecast:#}");
        let said = rekindle.run(&["templates", "replace", DEFAULT_TEMPLATE, "--dry-run"]).await;
        assert!(said.out.contains("3 calls to Persona; at "), "{}", said.out);

        let wrong = ["templates", "pause", DEFAULT_TEMPLATE, "--reason", "wait"];
        let wrong = rekindle.refused(&wrong).await;
        assert!(wrong.contains("has no run that is running"), "{wrong}");
        let again = ["templates", "replace", DEFAULT_TEMPLATE, "--by", "ada", "--reason", "once more"];
        let begun = rekindle.json(&again).await;
        assert_eq!((&begun["changed_by"], &begun["reason"]), (&"cli:ada".into(), &"once more".into()), "{begun:#}");
        eventually("it is gone through once more", || async {
            let shown = rekindle.json(&["templates", "show", DEFAULT_TEMPLATE]).await;
            let run = &shown["versions"][0]["run"];
            (run["state"] == "done" && run["reason"] == "once more").then_some(())
        })
        .await;
        let said = rekindle.run(&["templates", "list", "--environment", ENVIRONMENT]).await;
        assert!(said.out.starts_with("ENVIRONMENT"), "{}", said.out);
    }
}
