//! Where reference ids are addresses, `seal_reference_ids` keeps them out of the files of the database and the log.

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually};
use super::sealing::Place;
use crate::support::postgres::Own;
use crate::support::sqlite;

/// An invented person whom an application calls by her address.
const ADDRESS: &str = "quillonetta.zwiebelfisch@example.org";

async fn told(place: Place) {
    // Nobody lives long enough to be reminded twice, and everybody is reminded at once.
    let outside = Outside::with(living(60)).await;
    let plain = outside.configuration(&place.url, r#"reminders = ["1%"]"#);
    let sealed = format!("seal_reference_ids = true\n{plain}");
    let mut rekindle = Installation::new(&sealed);
    rekindle.set("RUST_LOG", "trace");
    rekindle.start().await;
    outside.send_webhooks_to(&rekindle);
    let inquiry = outside.person(ADDRESS);
    eventually("she is reminded", || async {
        let notices = outside.application.notices();
        notices.first().map(|notice| assert_eq!(notice.reference_id.as_deref(), Some(ADDRESS)))
    })
    .await;
    let found = rekindle.json(&["inquiries", "show", ADDRESS]).await;
    assert!(found.to_string().contains(inquiry.as_str()), "found by her address: {found}");
    assert_ne!(place.files_with(&[inquiry.as_str()]).await, Vec::<String>::new(), "the search finds an id");
    let texts = [ADDRESS.to_owned(), hex::encode(ADDRESS)];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_eq!(place.files_with(&texts).await, Vec::<String>::new(), "in the database's files");
    let log = std::fs::read_to_string(rekindle.file("log")).unwrap();
    assert!(log.contains(inquiry.as_str()) && !log.contains(ADDRESS), "in the log");
    rekindle.ask_to_stop();
    rekindle.stopped().await;

    // A start with another wish is refused, with the way out; the way out leads there, and back.
    for (configuration, wanted) in [(&plain, "seal_reference_ids = false"), (&sealed, "seal_reference_ids = true")] {
        rekindle.configure(configuration);
        let refused = rekindle.run(&["serve"]).await;
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains(wanted) && refused.err.contains("rekindle keys seal"), "{refused:?}");
        let changed = rekindle.json(&["keys", "seal"]).await;
        assert_eq!(changed["inquiries"], 1, "{changed}");
        let found = rekindle.json(&["inquiries", "show", ADDRESS]).await;
        assert!(found.to_string().contains(inquiry.as_str()), "{found}");
    }
    let listed = rekindle.list(&["inquiries", "list", "--environment", ENVIRONMENT]).await;
    assert_eq!(listed.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_as_a_name_is_not_in_the_files_of_sqlite() {
    let scratch = sqlite().await;
    let folder = scratch.folder.as_ref().unwrap().path().to_owned();
    told(Place { url: scratch.url.clone(), folder }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_as_a_name_is_not_in_the_files_of_postgres() {
    // A server of our own: another one's files are nobody else's to read.
    let Some(own) = tokio::task::spawn_blocking(Own::make).await.unwrap() else { return };
    let url = url::Url::parse(&own.url).unwrap();
    let folder = url.query_pairs().find(|(key, _)| key == "host").unwrap().1.into_owned();
    told(Place { url: own.url.clone(), folder: folder.into() }).await;
    tokio::task::spawn_blocking(move || drop(own)).await.unwrap();
}
