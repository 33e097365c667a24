//! What the API keeps goes in its time, and not before what is known by it.

use rekindle::persona::simulator::Opened;
use rekindle::storage::retention::Kind;

use super::super::world::{World, hours};
use super::wanted;
use crate::storage::raw;
use crate::support::{Scratch, on_both};

async fn count(scratch: &Scratch, table: &str) -> usize {
    raw::column(scratch, &format!("SELECT reference_id FROM {table}")).await.len()
}

on_both! {
    /// Whose a person's inquiry is stands in what was asked for: it stays as long as the inquiry does.
    async fn what_was_asked_for_outlives_the_inquiry_that_was_made(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let bolt = world.caller(Some("bolt")).await;
        bolt.made("ada").await;
        let mut refused = wanted("bo");
        refused["template_id"] = "itmpl_None".into();
        assert_eq!(bolt.post("/v1/inquiries", refused).await.status, 422);
        world.settle().await;
        world.clock.advance(hours(24 * 200));
        world.settle().await;
        world.app.prune().await.unwrap();
        assert_eq!(count(scratch, "creations").await, 2, "nothing is old enough");
        world.clock.advance(hours(24 * 201));
        let shown = world.app.prunable().await.unwrap();
        let pruned = world.app.prune().await.unwrap();
        let of = |all: &[rekindle::app::retention::Pruned]| all.iter().find(|one| one.kind == Kind::Creations).unwrap().rows;
        assert_eq!((of(&shown), of(&pruned)), (1, 1), "bo's: nothing was made");
        assert_eq!((count(scratch, "creations").await, count(scratch, "inquiries").await), (1, 1));
        world.clock.advance(hours(24 * 400));
        world.app.prune().await.unwrap();
        assert_eq!((count(scratch, "creations").await, count(scratch, "inquiries").await), (0, 0), "in this order");
        assert_eq!(world.caller(Some("bolt")).await.create("ada").await.status, 201, "and all begins anew");
        world.finish().await;
    }

    /// A printed link can be opened years later: it is known as long as somebody asks for it, or came by it.
    async fn a_static_link_outlives_what_it_resolves(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let bolt = world.caller(Some("bolt")).await;
        let mut opaque = Vec::new();
        let mut urls = Vec::new();
        for who in ["asked", "opened", "forgotten"] {
            let made = bolt.post("/v1/static-links", wanted(who)).await;
            opaque.push(made.body["reference_id"].as_str().unwrap().to_owned());
            urls.push(made.body["url"].as_str().unwrap().to_owned());
        }
        world.clock.advance(hours(24 * 1_000));
        world.app.prune().await.unwrap();
        assert_eq!(count(scratch, "static_links").await, 3);
        bolt.post("/v1/static-links", wanted("asked")).await;
        assert!(matches!(world.persona.open_link(&urls[1]), Opened::Inside { .. }));
        world.settle().await;
        world.clock.advance(hours(24 * 100));
        world.settle().await;
        world.app.prune().await.unwrap();
        let known = async |opaque: &str| bolt.get(&format!("/v1/static-links/{opaque}")).await.status;
        assert_eq!((known(&opaque[0]).await, known(&opaque[1]).await, known(&opaque[2]).await), (200, 200, 404));
        world.clock.advance(hours(24 * 500));
        world.app.prune().await.unwrap();
        assert_eq!((known(&opaque[0]).await, known(&opaque[1]).await), (200, 404), "its inquiry went first");
        world.finish().await;
    }
}
