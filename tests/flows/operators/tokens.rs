//! Operators' tokens: what opens, what does not, and what never opens the other door.

use rekindle::app::operators::NewOperatorToken;
use rekindle::domain::act::Role;
use rekindle::domain::token::Scope;
use reqwest::Method;
use serde_json::Value;

use super::super::world::minutes;
use super::{Browser, Office};
use crate::support::{on_both, operator};

async fn me(browser: &Browser, token: Option<&str>) -> (u16, Value) {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    let answer = browser.send(Method::GET, "/v1/me", None, &headers).await;
    (answer.status, serde_json::from_str(&answer.text).unwrap())
}

on_both! {
    async fn a_token_says_who_it_is(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let browser = office.browser();
        let (token, id) = office.token(Role::Viewer, Some("sandbox")).await;
        let (status, said) = me(&browser, Some(&token)).await;
        let how = format!("token:{id}");
        let expected = serde_json::json!({ "who": "token:on call", "role": "viewer", "environment": "sandbox", "how": how });
        assert_eq!((status, said), (200, expected));
        let kept = office.world.app.operator_tokens().await.unwrap().remove(0);
        assert_eq!(kept.last_used_at, Some(office.world.clock.now()));
        let revoked = office.world.app.revoke_token(&id, &operator("olga")).await.unwrap();
        assert_eq!(revoked, Some(true));
        assert_eq!(office.world.app.revoke_token(&id, &operator("olga")).await.unwrap(), Some(false));
        assert_eq!(me(&browser, Some(&token)).await.0, 401);
        assert_eq!(office.acts().await, ["cli:olga create_token", "cli:olga revoke_token"]);
        office.finish().await;
    }

    /// An application's token opens nothing here, an operator's nothing there.
    async fn neither_kind_of_token_opens_the_other_door(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let browser = office.browser();
        let applications = office.world.token_for(&Scope::ALL, None, None).await;
        let (operators, _) = office.token(Role::Admin, None).await;
        let (status, said) = me(&browser, Some(&applications)).await;
        assert_eq!((status, &said["code"]), (401, &"no-token".into()));
        let answer = browser.submit("/sign-in", &[("token", &applications)]).await;
        assert_eq!((answer.status, browser.session()), (403, None));
        let public = Browser::new(office.world.public());
        let bearer = format!("Bearer {operators}");
        let answer = public.send(Method::GET, "/v1/inquiries?reference_id=ada", None, &[("authorization", &bearer)]).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(public.get("/v1/me").await.status, 404, "the door for operators is at the internal listener alone");
        assert_eq!(public.get("/sign-in").await.status, 404);
        office.finish().await;
    }

    async fn what_is_no_good_token_is_told_the_same_and_shut_out_in_the_end(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let browser = office.browser();
        let (token, _) = office.token(Role::Admin, None).await;
        let new = |expires_at| NewOperatorToken { note: "x".to_owned(), role: Role::Admin, environment: None, expires_at };
        let soon = Some(office.world.clock.now().plus(minutes(5)));
        let (_, ending) = office.world.app.create_operator_token(new(soon), &operator("olga")).await.unwrap();
        let ending = secrecy::ExposeSecret::expose_secret(&ending).to_owned();
        assert_eq!(me(&browser, Some(&ending)).await.0, 200);
        office.world.clock.advance(minutes(5));
        let mut wrong = token.clone();
        wrong.replace_range(token.len() - 4.., "0000");
        let unknown = format!("rekindle_operator_{}_{}", "0".repeat(16), "0".repeat(64));
        let mut said = Vec::new();
        for none in [None, Some(""), Some("x"), Some(&*wrong), Some(&*unknown), Some(&*ending)] {
            let (status, problem) = me(&browser, none).await;
            assert_eq!(status, 401, "{none:?}");
            said.push(problem);
        }
        said.dedup();
        assert_eq!(said.len(), 1, "nobody learns what was wrong");
        let twice = [("authorization", &*format!("Bearer {token}")), ("authorization", "Bearer x")];
        assert_eq!(browser.send(Method::GET, "/v1/me", None, &twice).await.status, 401);
        office.world.clock.advance(minutes(1));
        for _ in 0..10 {
            assert_eq!(me(&browser, Some(&unknown)).await.0, 401);
        }
        assert_eq!(me(&browser, Some(&unknown)).await.0, 429);
        assert_eq!(browser.submit("/sign-in", &[("token", &unknown)]).await.status, 429);
        let (fresh, _) = office.token(Role::Viewer, None).await;
        assert_eq!(me(&browser, Some(&fresh)).await.0, 429, "whom nobody knows yet waits with the others");
        office.world.clock.advance(minutes(1));
        assert_eq!(me(&browser, Some(&fresh)).await.0, 200);
        office.finish().await;
    }

    async fn a_token_that_could_never_be_used_is_not_made(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let app = &office.world.app;
        let now = office.world.clock.now();
        let elsewhere = rekindle::domain::ids::EnvironmentName::parse("moon").ok();
        let new = |environment, expires_at| NewOperatorToken { note: "x".to_owned(), role: Role::Admin, environment, expires_at };
        for wrong in [new(elsewhere, None), new(None, Some(now))] {
            assert!(app.create_operator_token(wrong, &operator("olga")).await.is_err());
        }
        assert_eq!((app.operator_tokens().await.unwrap().len(), office.deeds().await.len()), (0, 0));
        office.finish().await;
    }
}
