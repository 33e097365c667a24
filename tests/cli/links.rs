//! `rekindle links`: made, listed without giving anything away, opened, and revoked.

use super::outside::{Outside, living};
use super::process::{Installation, eventually};
use crate::support::on_both;

on_both! {
    async fn a_link_is_made_listed_opened_and_revoked(scratch: &Scratch) {
        let outside = Outside::with(living(86_400)).await;
        let configuration = outside.configuration(&scratch.url, "reminders = []");
        let top = "public_url = \"https://verify.example.com\"\nlink_hosts = [\"127.0.0.1:*\"]\n";
        let mut rekindle = Installation::new(&format!("{top}{configuration}"));
        outside.send_webhooks_to(&rekindle);
        rekindle.start().await;
        let ada = outside.person("ada");
        eventually("the inquiry is known", || async { rekindle.list(&["inquiries", "list"]).await.pop() }).await;

        let mint = ["links", "mint", "--environment", "sandbox", ada.as_str(), "--reason", "by telephone"];
        let minted = rekindle.json(&mint).await;
        let (id, url) = (minted["id"].as_str().unwrap(), minted["url"].as_str().unwrap());
        let path = url.strip_prefix("https://verify.example.com").unwrap();
        assert_eq!(rekindle.json(&mint).await["url"], url, "one is enough");
        let listed = rekindle.list(&["links", "list"]).await;
        assert_eq!((listed.len(), &listed[0]["state"], &listed[0]["opens"]), (1, &"opens".into(), &0.into()));
        assert_eq!(listed[0].get("url"), None, "what is listed opens nothing");

        rekindle::tls::install();
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let here = format!("http://{}{path}", rekindle.public);
        let mut opened = client.post(&here).send().await.unwrap();
        for _ in 0..30 {
            // While Persona's limit is not known, few calls are made at once, and the page asks to come again.
            let Some(wait) = opened.headers().get("retry-after") else { break };
            let wait = wait.to_str().unwrap().parse().unwrap();
            tokio::time::sleep(std::time::Duration::from_secs(wait)).await;
            opened = client.post(&here).send().await.unwrap();
        }
        assert_eq!(opened.status(), 303);
        outside.persona.open_link(opened.headers()["location"].to_str().unwrap());
        assert_eq!(rekindle.list(&["links", "list"]).await[0]["opens"], 1);

        let said = rekindle.run(&["links", "revoke", id, "--reason", "posted in public"]).await;
        assert_eq!((said.code, said.out), (Some(0), format!("{id} is revoked\n")));
        let said = rekindle.run(&["links", "revoke", "--environment", "sandbox", "--inquiry", ada.as_str(), "--reason", "all of them"]).await;
        assert_eq!(said.out, format!("0 links into the verification of {ada} are revoked\n"));
        assert_eq!(client.post(&here).send().await.unwrap().status(), 410);
        let wrong = rekindle.refused(&["links", "revoke", "AAAAAAAAAAAAAAAA", "--reason", "lost"]).await;
        assert_eq!(
            wrong,
            "rekindle: there is no link AAAAAAAAAAAAAAAA; `rekindle links list` shows those there are\n"
        );
    }
}
