//! Tokens: what is good, what isn't, and how often somebody may try.

use std::collections::BTreeSet;

use rekindle::app::tokens::{NewToken, TokenError};
use rekindle::domain::ids::{CustomerName, EnvironmentName, TokenId};
use rekindle::domain::token::Scope;
use secrecy::ExposeSecret;

use super::super::world::{Setting, World, hours, minutes};
use super::{Caller, TEMPLATE};
use crate::support::{on_both, operator};

const WHOSE: &str = "/v1/inquiries?reference-id=ada";

fn new(scopes: &[Scope]) -> NewToken {
    let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
    NewToken { note: "a test".to_owned(), scopes, environment: None, customer: None, expires_at: None }
}

on_both! {
    /// Whatever is wrong with a token, the answer is the same, to the letter.
    async fn tokens_that_are_not_good_are_answered_alike(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let good = world.token(None).await;
        let mut ending = new(&[Scope::InquiriesRead]);
        ending.expires_at = Some(world.clock.now().plus(hours(1)));
        let ending = world.app.create_token(ending, &operator("olga")).await.unwrap().1;
        let (revoked, text) = world.app.create_token(new(&[Scope::InquiriesRead]), &operator("olga")).await.unwrap();
        let ask = async |token: &str| Caller::new(world.public(), Some(token.to_owned())).get(WHOSE).await;
        for token in [good.as_str(), ending.expose_secret(), text.expose_secret()] {
            assert_eq!(ask(token).await.status, 200);
        }
        world.clock.advance(hours(1));
        let id = revoked.grant.token;
        assert_eq!(world.app.revoke_token(&id, &operator("olga")).await.unwrap(), Some(true));
        assert_eq!(world.app.revoke_token(&id, &operator("olga")).await.unwrap(), Some(false));
        assert_eq!(world.app.revoke_token(&TokenId::parse("none").unwrap(), &operator("olga")).await.unwrap(), None);
        let mut changed = good.clone();
        let last = if changed.ends_with('0') { '1' } else { '0' };
        changed.replace_range(changed.len() - 1.., &last.to_string());
        let unknown = good.replacen(&good[9..25], "0000000000000000", 1);
        let none = Caller::new(world.public(), None).get(WHOSE).await;
        assert_eq!((none.status, none.headers["www-authenticate"].to_str().unwrap()), (401, "Bearer realm=\"rekindle\""));
        for token in [ending.expose_secret(), text.expose_secret(), &changed, &unknown, "nonsense"] {
            let refused = ask(token).await;
            assert_eq!((refused.status, &refused.body), (401, &none.body), "{token}");
            assert!(refused.headers.contains_key("www-authenticate"));
        }
        assert_eq!(ask(&good).await.status, 200);
        let kept = world.app.tokens().await.unwrap();
        assert_eq!(kept.len(), 3);
        assert!(kept.iter().all(|token| token.last_used_at.is_some()));
        world.finish().await;
    }

    async fn a_token_is_made_for_what_there_is(scratch: &Scratch) {
        let world = World::with_customers(scratch).await;
        let refused = async |new| world.app.create_token(new, &operator("olga")).await.map(|(token, _)| token).unwrap_err();
        assert!(matches!(refused(new(&[])).await, TokenError::NoScope));
        let all = || new(&Scope::ALL);
        let nowhere = EnvironmentName::parse("nowhere").ok();
        let elsewhere = refused(NewToken { environment: nowhere, ..all() }).await;
        assert!(matches!(elsewhere, TokenError::UnknownEnvironment(_)));
        let nobody = CustomerName::parse("nobody").ok();
        assert!(matches!(refused(NewToken { customer: nobody, ..all() }).await, TokenError::UnknownCustomer(_)));
        let past = Some(world.clock.now());
        assert!(matches!(refused(NewToken { expires_at: past, ..all() }).await, TokenError::Expired));
        assert_eq!(world.app.tokens().await.unwrap(), []);
        world.finish().await;
    }

    /// Whoever guesses is shut out for the rest of the minute, without shutting out a good token of the same address.
    async fn who_guesses_is_shut_out(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let good = world.caller(None).await;
        assert_eq!(good.get(WHOSE).await.status, 200);
        let guess = Caller::new(world.public(), Some(format!("rekindle_{}_{}", "0".repeat(16), "0".repeat(64))));
        for _ in 0..20 {
            assert_eq!(guess.get(WHOSE).await.status, 401);
        }
        let shut = guess.get(WHOSE).await;
        assert_eq!((shut.status, shut.body["code"].as_str()), (429, Some("too-many")));
        assert_eq!(shut.headers["retry-after"], "60");
        assert_eq!(good.get(WHOSE).await.status, 200);
        world.clock.advance(minutes(1));
        assert_eq!(guess.get(WHOSE).await.status, 401);
        world.finish().await;
    }

    /// Calls are counted by token, and by customer over all its tokens.
    async fn too_many_calls_are_refused(scratch: &Scratch) {
        let more = "[customers.acme]\ncalls_per_minute = 3\n[api]\ncalls_per_minute = 5";
        let world = World::with(scratch, Setting { more, ..Setting::default() }).await;
        let all = world.caller(None).await;
        for _ in 0..5 {
            assert_eq!(all.get(WHOSE).await.status, 200);
        }
        assert_eq!(all.get(WHOSE).await.status, 429);
        let (one, other) = (world.caller(Some("acme")).await, world.caller(Some("acme")).await);
        for caller in [&one, &other, &one] {
            assert_eq!(caller.get(WHOSE).await.status, 200);
        }
        assert_eq!(other.get(WHOSE).await.status, 429);
        world.clock.advance(minutes(1));
        assert_eq!((all.get(WHOSE).await.status, other.get(WHOSE).await.status), (200, 200));
        world.finish().await;
    }

    async fn bodies_are_bounded_and_mistakes_are_told(scratch: &Scratch) {
        let world = World::on(scratch).await;
        let caller = world.caller(None).await;
        let wanted = |more: serde_json::Value| {
            let mut body = super::wanted("ada");
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let long = "x".repeat(64 * 1024);
        for (body, status) in [
            (wanted(serde_json::json!({ "fields": { "long": long } })), 413),
            (wanted(serde_json::json!({ "fieldz": {} })), 422),
            (wanted(serde_json::json!({ "redirect_uri": "javascript:alert(1)" })), 422),
            (wanted(serde_json::json!({ "expiry": { "after_create_seconds": 5 } })), 422),
            (wanted(serde_json::json!({ "environment": "nowhere" })), 404),
            (wanted(serde_json::json!({ "customer": "nobody" })), 404),
            (wanted(serde_json::json!({ "reference_id": " " })), 422),
            (serde_json::json!({ "template_id": TEMPLATE }), 422),
        ] {
            let refused = caller.post("/v1/inquiries", body).await;
            assert_eq!(refused.status, status, "{refused:?}");
        }
        assert_eq!(world.persona.inquiries().len(), 0);
        world.finish().await;
    }
}
