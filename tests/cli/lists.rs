//! Lists and what they can be narrowed to, and single things asked for by id.

use serde_json::Value;

use super::outside::{ENVIRONMENT, Outside, living};
use super::process::{Installation, eventually};
use super::story::each;
use crate::support::change::change;
use crate::support::{Scratch, on_both};

const DAY: i64 = 86_400;

/// Three people, all heard of: one has only an inquiry, one has begun, one is done.
async fn three_people(scratch: &Scratch) -> (Outside, Installation) {
    let outside = Outside::with(living(DAY)).await;
    let mut rekindle = Installation::new(&outside.configuration(&scratch.url, ""));
    outside.send_webhooks_to(&rekindle);
    rekindle.start().await;
    outside.person("ada");
    let (grace, mary) = (outside.person("grace"), outside.person("mary"));
    all_heard(&outside, &rekindle).await;
    outside.persona.start(&grace).unwrap();
    outside.persona.start(&mary).unwrap();
    outside.persona.complete(&mary).unwrap();
    all_heard(&outside, &rekindle).await;
    (outside, rekindle)
}

async fn all_heard(outside: &Outside, rekindle: &Installation) {
    let happened = outside.persona.events().len();
    eventually("everything is heard", || async {
        (rekindle.list(&["events", "list"]).await.len() == happened).then_some(())
    })
    .await;
}

fn sorted<'a>(list: &'a [Value], key: &str) -> Vec<&'a str> {
    let mut values = each(list, key);
    values.sort_unstable();
    values
}

on_both! {
    async fn every_list_is_one_array_and_can_be_narrowed(scratch: &Scratch) {
        let (outside, rekindle) = three_people(scratch).await;
        let template = outside.persona.templates()[0].to_string();
        let ada = rekindle.list(&["inquiries", "list", "--reference-id", "ada"]).await[0]["id"].clone();
        let ada = ada.as_str().unwrap();

        for (arguments, people) in [
            (&["inquiries", "list"][..], &["ada", "grace", "mary"][..]),
            (&["inquiries", "list", "--status", "pending"], &["grace"]),
            (&["inquiries", "list", "--status", "approved"], &[]),
            (&["inquiries", "list", "--template", &template], &["ada", "grace", "mary"]),
            (&["inquiries", "list", "--template", "itmpl_Other"], &[]),
            (&["inquiries", "list", "--environment", ENVIRONMENT, "--reference-id", "mary"], &["mary"]),
            (&["inquiries", "list", "--environment", "elsewhere"], &[]),
        ] {
            assert_eq!(sorted(&rekindle.list(arguments).await, "reference_id"), people, "{arguments:?}");
        }
        for (arguments, count) in [
            (&["events", "list", "--name", "inquiry.created"][..], 3),
            (&["events", "list", "--name", "inquiry.started"], 2),
            (&["events", "list", "--name", "inquiry.completed", "--outcome", "applied"], 1),
            (&["events", "list", "--inquiry", ada], 1),
            (&["events", "list", "--outcome", "unreadable"], 0),
            (&["events", "list", "--environment", "elsewhere"], 0),
            (&["actions", "list", "--state", "planned"], 4),
            (&["actions", "list", "--state", "cancelled"], 2),
            (&["actions", "list", "--inquiry", ada, "--kind", "remind", "--environment", ENVIRONMENT], 2),
            (&["actions", "list", "--state", "failed"], 0),
        ] {
            assert_eq!(rekindle.list(arguments).await.len(), count, "{arguments:?}");
        }
        rows_have_every_key(&rekindle).await;
    }

    async fn a_list_that_was_cut_says_so_beside_itself(scratch: &Scratch) {
        let (_outside, rekindle) = three_people(scratch).await;
        for list in ["events", "inquiries", "actions"] {
            let said = rekindle.run(&[list, "list", "--limit", "2", "--json"]).await;
            let cut: Vec<Value> = serde_json::from_str(&said.out).unwrap();
            assert_eq!((said.code, cut.len()), (Some(0), 2), "{list}");
            assert_eq!(said.err, "rekindle: there are more than 2; narrow the list or raise --limit\n");
            let whole = rekindle.run(&[list, "list", "--json"]).await;
            assert_eq!(whole.err, "", "{list}: nothing was cut");
            let whole: Vec<Value> = serde_json::from_str(&whole.out).unwrap();
            assert_eq!(cut, whole[..2], "{list}: the newest come first");

            let table = rekindle.run(&[list, "list", "--limit", "2"]).await;
            assert_eq!(table.out.lines().count(), 3, "{list}: a heading and two rows: {}", table.out);
        }
    }

    async fn what_is_not_there_is_said_so(scratch: &Scratch) {
        let rekindle = Installation::new(&format!("database_url = \"{}\"\n", scratch.url));
        for (arguments, told) in [
            (
                &["events", "show", "evt_none"][..],
                "there is no event evt_none; `rekindle events list` shows those there are",
            ),
            (
                &["inquiries", "show", "inq_none"],
                "there is no inquiry inq_none; `rekindle inquiries list` shows those there are",
            ),
            (
                &["actions", "show", "rka_none"],
                "there is no action rka_none; `rekindle actions list` shows those there are",
            ),
            (
                &["actions", "retry", "rka_none", "--reason", "because"],
                "there is no action rka_none; `rekindle actions list` shows those there are",
            ),
            (
                &["actions", "cancel", "rka_none", "--reason", "because"],
                "there is no action rka_none; `rekindle actions list` shows those there are",
            ),
            (
                &["actions", "list", "--state", "gone"],
                "--state gone: use planned, running, done, failed or cancelled",
            ),
            (
                &["actions", "list", "--kind", "sing"],
                "--kind sing: use remind, revive, replace, tell, expire, invite, hold, publish",
            ),
            (
                &["inquiries", "mute", "inq_none", "--environment", "sandbox", "--reason", "because"],
                "there is no inquiry inq_none in environment sandbox; `rekindle inquiries list` shows those there are",
            ),
            (
                &["events", "list", "--outcome", "gone"],
                "--outcome gone: use applied, ignored, quarantined, unreadable or discarded",
            ),
        ] {
            assert_eq!(rekindle.refused(arguments).await, format!("rekindle: {told}\n"), "{arguments:?}");
        }
        for list in ["events", "inquiries", "actions"] {
            assert_eq!(rekindle.run(&[list, "list", "--json"]).await.out, "[]\n", "an empty list is one, too");
        }
    }

    async fn a_row_that_can_t_be_understood_is_named(scratch: &Scratch) {
        let (_outside, rekindle) = three_people(scratch).await;
        let actions = rekindle.list(&["actions", "list"]).await;
        let id = actions[0]["id"].as_str().unwrap();
        change(&scratch.url, &format!("UPDATE actions SET arguments = '[]' WHERE id = '{id}'")).await;
        let said = rekindle.run(&["actions", "list", "--json"]).await;
        let left: Vec<Value> = serde_json::from_str(&said.out).unwrap();
        assert_eq!((said.code, &left[..]), (Some(0), &actions[1..]));
        assert_eq!(said.err, format!("rekindle: the row {id} can't be understood and is left out\n"));
        let told = rekindle.refused(&["actions", "show", id]).await;
        assert_eq!(told, format!("rekindle: the row {id} of actions can't be understood: see its arguments\n"));
    }

    /// A body is people's data: it is shown only where it was asked for.
    async fn a_body_is_shown_on_request_only(scratch: &Scratch) {
        let (_outside, rekindle) = three_people(scratch).await;
        let id = rekindle.list(&["events", "list", "--name", "inquiry.completed"]).await[0]["id"].clone();
        let id = id.as_str().unwrap();
        assert_eq!(rekindle.json(&["events", "show", id]).await.get("payload"), None);
        let with_body = rekindle.json(&["events", "show", id, "--payload"]).await;
        assert_eq!(with_body["payload"]["data"]["id"], id, "as received");
    }
}

async fn rows_have_every_key(rekindle: &Installation) {
    for (list, keys) in [
        (
            "events",
            &[
                "id",
                "environment",
                "name",
                "inquiry_id",
                "occurred_at",
                "received_at",
                "deliveries",
                "outcome",
                "reason",
            ][..],
        ),
        (
            "inquiries",
            &["id", "environment", "status", "reference_id", "template_id", "template_version_id", "expires_at"],
        ),
        ("actions", &["id", "environment", "kind", "what", "inquiry_id", "state", "due_at", "attempts", "reason"]),
    ] {
        for row in rekindle.list(&[list, "list"]).await {
            for key in keys {
                assert!(row.get(*key).is_some(), "{key} is missing in {row} of {list}");
            }
        }
    }
}
