//! What the API keeps: tokens, whose inquiries are whose, creations, answered requests, static links.

use std::collections::BTreeSet;

use rekindle::domain::ids::{CustomerName, ReferenceId, TemplateId, TokenId};
use rekindle::domain::status::Status;
use rekindle::domain::token::{Grant, Scope, Token};
use rekindle::storage::creations::CreationKey;
use rekindle::storage::static_links::StaticLink;

use crate::storage::sample::{at, inquiry_id, said, sandbox, store};
use crate::support::on_both;

fn token(id: &str, second: i64) -> Token {
    Token {
        grant: Grant {
            token: TokenId::parse(id).unwrap(),
            scopes: BTreeSet::from([Scope::InquiriesRead, Scope::Access]),
            environment: Some(sandbox()),
            customer: CustomerName::parse("acme").ok(),
        },
        note: "for the till".to_owned(),
        created_at: at(second),
        expires_at: Some(at(100)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn creation() -> CreationKey {
    CreationKey {
        environment: sandbox(),
        reference_id: ReferenceId::parse("ada").unwrap(),
        template: TemplateId::parse("itmpl_1").unwrap(),
    }
}

fn name(text: &str) -> CustomerName {
    CustomerName::parse(text).unwrap()
}

on_both! {
    async fn a_token_is_kept_used_and_revoked_once(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let (one, id) = (token("t1", 1), TokenId::parse("t1").unwrap());
        tx.add_token(&one, &[7; 32]).await.unwrap();
        tx.add_token(&Token { expires_at: None, ..token("t0", 2) }, &[8; 32]).await.unwrap();
        assert_eq!(tx.token(&id).await.unwrap(), Some((one.clone(), vec![7; 32])));
        assert_eq!(tx.token(&TokenId::parse("none").unwrap()).await.unwrap(), None);
        tx.touch_token(&id, at(9)).await.unwrap();
        tx.touch_token(&id, at(5)).await.unwrap();
        assert!(tx.revoke_token(&id, at(10)).await.unwrap());
        assert!(!tx.revoke_token(&id, at(11)).await.unwrap());
        let all = tx.tokens().await.unwrap();
        assert_eq!(all[0], Token { last_used_at: Some(at(9)), revoked_at: Some(at(10)), ..one });
        assert_eq!(all[1].grant.token.as_str(), "t0", "oldest first");
        tx.commit().await.unwrap();
    }

    async fn a_succession_is_given_away_once_and_other_writings_come_after_it(database: &Scratch) {
        store(database, &sandbox(), said("inq_1", Status::Created, Some("ada"), Some("itmpl_1"), 0)).await;
        let mut tx = database.begin().await.unwrap();
        let id = inquiry_id("inq_1");
        let inquiry = tx.inquiry(&sandbox(), &id).await.unwrap().unwrap().inquiry;
        assert_eq!(tx.written_customer(&inquiry, &id).await.unwrap(), None);
        let link = StaticLink {
            environment: sandbox(),
            reference_id: ReferenceId::parse("ada").unwrap(),
            template: TemplateId::parse("itmpl_1").unwrap(),
            known_as: ReferenceId::parse("ada lovelace").unwrap(),
            customer: Some(name("by-link")),
            made_at: at(1),
        };
        tx.keep_static_link(&link).await.unwrap();
        assert_eq!(tx.written_customer(&inquiry, &id).await.unwrap(), Some(name("by-link")));
        tx.open_creation(&creation(), at(1)).await.unwrap();
        tx.hold_creation(&creation(), "me", at(9), Some(&name("by-creation")), at(1)).await.unwrap();
        assert_eq!(tx.written_customer(&inquiry, &id).await.unwrap(), Some(name("by-creation")));
        assert!(tx.assign_customer(&sandbox(), &id, &name("acme"), at(2)).await.unwrap());
        assert!(!tx.assign_customer(&sandbox(), &id, &name("bolt"), at(3)).await.unwrap());
        assert_eq!(tx.written_customer(&inquiry, &id).await.unwrap(), Some(name("acme")));
        tx.commit().await.unwrap();
    }

    async fn a_creation_is_held_made_refused_or_left(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let key = creation();
        let fresh = tx.open_creation(&key, at(1)).await.unwrap();
        assert_eq!((fresh.generation, fresh.asked_at, fresh.held_until, fresh.customer), (0, None, None, None));
        tx.hold_creation(&key, "me", at(9), Some(&name("acme")), at(1)).await.unwrap();
        tx.creation_refused(&key, "somebody else").await.unwrap();
        let held = tx.open_creation(&key, at(1)).await.unwrap();
        assert_eq!((held.generation, held.asked_at, held.held_until), (1, Some(at(1)), Some(at(9))), "only its holder ends it");
        tx.leave_creation(&key, "me").await.unwrap();
        tx.hold_creation(&key, "you", at(19), Some(&name("bolt")), at(11)).await.unwrap();
        let held = tx.open_creation(&key, at(1)).await.unwrap();
        assert_eq!((held.generation, held.asked_at, held.customer), (2, Some(at(1)), Some(name("acme"))), "unsure since the first");
        tx.creation_refused(&key, "you").await.unwrap();
        assert_eq!(tx.open_creation(&key, at(1)).await.unwrap().asked_at, None);
        tx.hold_creation(&key, "you", at(29), None, at(21)).await.unwrap();
        tx.creation_made(&key, &inquiry_id("inq_1")).await.unwrap();
        let made = tx.open_creation(&key, at(1)).await.unwrap();
        assert_eq!((made.generation, made.asked_at, made.held_until), (3, None, None));
        tx.commit().await.unwrap();
    }

    async fn a_request_is_answered_once_and_forgotten_in_time(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let id = TokenId::parse("t1").unwrap();
        let seen = tx.remember_request(&id, &[1; 32], &[2; 32], at(10)).await.unwrap();
        assert_eq!((seen.request_hash, seen.answer), (vec![2; 32], None));
        let seen = tx.remember_request(&id, &[1; 32], &[3; 32], at(20)).await.unwrap();
        assert_eq!(seen.request_hash, vec![2; 32], "the first stands");
        for (status, text) in [(201, "one"), (200, "two")] {
            let seen = tx.remember_answer(&id, &[1; 32], status, text).await.unwrap();
            assert_eq!(seen.answer, Some((201, "one".to_owned())));
        }
        assert_eq!(tx.forget_requests(at(10)).await.unwrap(), 0);
        assert_eq!(tx.forget_requests(at(11)).await.unwrap(), 1);
        tx.commit().await.unwrap();
    }

    async fn a_static_link_is_the_same_for_the_same_person_template_and_customer(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let link = |opaque: &str, customer: Option<&str>| StaticLink {
            environment: sandbox(),
            reference_id: ReferenceId::parse(opaque).unwrap(),
            template: TemplateId::parse("itmpl_1").unwrap(),
            known_as: ReferenceId::parse("ada").unwrap(),
            customer: customer.map(name),
            made_at: at(1),
        };
        assert_eq!(tx.keep_static_link(&link("rk-1", None)).await.unwrap(), link("rk-1", None));
        assert_eq!(tx.keep_static_link(&link("rk-2", None)).await.unwrap(), link("rk-1", None));
        assert_eq!(tx.keep_static_link(&link("rk-3", Some("acme"))).await.unwrap(), link("rk-3", Some("acme")));
        let opaque = ReferenceId::parse("rk-3").unwrap();
        assert_eq!(tx.static_link(&sandbox(), &opaque).await.unwrap(), Some(link("rk-3", Some("acme"))));
        assert_eq!(tx.static_link(&sandbox(), &ReferenceId::parse("rk-2").unwrap()).await.unwrap(), None);
        let all = tx.static_links_of(&ReferenceId::parse("ada").unwrap()).await.unwrap();
        assert_eq!(all, [link("rk-1", None), link("rk-3", Some("acme"))]);
        tx.commit().await.unwrap();
    }
}
