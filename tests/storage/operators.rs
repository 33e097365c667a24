//! What is kept of operators: tokens, sessions, ways in, and what they did.

use rekindle::domain::act::{Act, Role};
use rekindle::domain::deed::{About, Broken, Chain, Deed, Head};
use rekindle::domain::ids::TokenId;
use rekindle::domain::operator::{Operator, OperatorToken};
use rekindle::storage::Database;
use rekindle::storage::audit::DeedFilter;
use rekindle::storage::operators::sessions::Session;
use rekindle::storage::operators::sign_ins::{Pending, SignInLink};

use crate::storage::raw;
use crate::storage::sample::{at, environment, sandbox};
use crate::support::on_both;

fn id(text: &str) -> TokenId {
    TokenId::parse(text).unwrap()
}

fn token(id: &str, second: i64) -> OperatorToken {
    OperatorToken {
        id: TokenId::parse(id).unwrap(),
        note: "on call".to_owned(),
        role: Role::Operator,
        environment: Some(sandbox()),
        created_at: at(second),
        expires_at: Some(at(100)),
        revoked_at: None,
        last_used_at: None,
    }
}

fn session(token: Option<&str>, ends: i64) -> Session {
    Session {
        who: "token:on call".to_owned(),
        role: Role::Viewer,
        environment: Some(sandbox()),
        token: token.map(id),
        created_at: at(1),
        used_at: at(1),
        ends_at: at(ends),
    }
}

fn deed(act: Act, who: &str, second: i64) -> Deed {
    Deed::new(&Operator::at_the_command_line(who), act, Some("a test"), at(second)).unwrap()
}

async fn verified(database: &Database) -> Result<Head, Broken> {
    let mut tx = database.read().await.unwrap();
    let kept = tx.audit_head().await.unwrap();
    let mut chain = Chain::new(None);
    for entry in tx.deeds_after(0, 1_000).await.unwrap() {
        chain.take(&entry)?;
    }
    chain.end(kept)
}

on_both! {
    async fn an_operators_token_is_kept_used_and_revoked_once(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let one = token("o1", 1);
        tx.add_operator_token(&one, &[7; 32]).await.unwrap();
        tx.add_operator_token(&OperatorToken { environment: None, expires_at: None, ..token("o0", 2) }, &[8; 32]).await.unwrap();
        assert_eq!(tx.operator_token(&id("o1")).await.unwrap(), Some((one.clone(), vec![7; 32])));
        assert_eq!(tx.operator_token(&id("none")).await.unwrap(), None);
        assert_eq!(tx.token(&id("o1")).await.unwrap(), None, "applications' tokens are elsewhere");
        tx.touch_operator_token(&id("o1"), at(9)).await.unwrap();
        tx.touch_operator_token(&id("o1"), at(5)).await.unwrap();
        assert!(tx.revoke_operator_token(&id("o1"), at(10)).await.unwrap());
        assert!(!tx.revoke_operator_token(&id("o1"), at(11)).await.unwrap());
        let all = tx.operator_tokens().await.unwrap();
        assert_eq!(all[0], OperatorToken { last_used_at: Some(at(9)), revoked_at: Some(at(10)), ..one });
        assert_eq!(all[1].id.as_str(), "o0", "oldest first");
        tx.commit().await.unwrap();
    }

    async fn a_session_is_used_ended_and_forgotten(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        for (number, token, ends) in [(1, Some("o1"), 50), (2, Some("o1"), 60), (3, None, 70), (4, None, 80)] {
            tx.add_session(&[number; 32], &session(token, ends)).await.unwrap();
        }
        tx.touch_session(&[1; 32], at(9)).await.unwrap();
        tx.touch_session(&[1; 32], at(5)).await.unwrap();
        let used = Session { used_at: at(9), ..session(Some("o1"), 50) };
        assert_eq!(tx.session(&[1; 32]).await.unwrap(), Some(used));
        assert_eq!(tx.session(&[9; 32]).await.unwrap(), None);
        assert!(tx.end_session(&[4; 32]).await.unwrap());
        assert!(!tx.end_session(&[4; 32]).await.unwrap());
        assert_eq!(tx.end_sessions_of(&id("o1")).await.unwrap(), 2);
        assert_eq!(tx.forget_sessions(at(69)).await.unwrap(), 0);
        assert_eq!(tx.forget_sessions(at(70)).await.unwrap(), 1);
        tx.commit().await.unwrap();
    }

    async fn a_way_in_works_once(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        assert!(!tx.anybody_signed_in().await.unwrap());
        let link = SignInLink { who: "link:cli:ada".to_owned(), role: Role::Admin, created_at: at(1), expires_at: at(9) };
        tx.add_sign_in_link(&[1; 32], &link).await.unwrap();
        assert_eq!(tx.sign_in_link(&[1; 32]).await.unwrap(), Some(link.clone()), "looking does not use it");
        assert_eq!(tx.use_sign_in_link(&[1; 32]).await.unwrap(), Some(link.clone()));
        assert_eq!(tx.use_sign_in_link(&[1; 32]).await.unwrap(), None);
        let pending = Pending { browser_hash: [5; 32], return_to: "/actions".to_owned(), expires_at: at(9) };
        assert!(tx.add_pending(&[2; 32], &pending, 2).await.unwrap());
        assert!(tx.add_pending(&[3; 32], &pending, 2).await.unwrap());
        assert!(!tx.add_pending(&[4; 32], &pending, 2).await.unwrap(), "that is too many");
        assert_eq!(tx.use_pending(&[2; 32]).await.unwrap(), Some(pending));
        assert_eq!(tx.use_pending(&[2; 32]).await.unwrap(), None);
        tx.add_sign_in_link(&[1; 32], &link).await.unwrap();
        tx.forget_sign_ins(at(8)).await.unwrap();
        assert!(tx.sign_in_link(&[1; 32]).await.unwrap().is_some());
        tx.forget_sign_ins(at(9)).await.unwrap();
        assert!(tx.sign_in_link(&[1; 32]).await.unwrap().is_none());
        assert_eq!(tx.use_pending(&[3; 32]).await.unwrap(), None);
        tx.record_deed(&deed(Act::SignIn, "ada", 1)).await.unwrap();
        assert!(tx.anybody_signed_in().await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn deeds_are_numbered_found_and_gone_with_their_transaction(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        let about = About { kind: "action", id: "rka_1".to_owned() };
        assert_eq!(tx.record_deed(&deed(Act::Retry, "ada", 1).within(&sandbox()).about(about)).await.unwrap(), 1);
        assert_eq!(tx.record_deed(&deed(Act::SignIn, "grace", 2)).await.unwrap(), 2);
        assert_eq!(tx.record_deed(&deed(Act::Cancel, "ada", 3).within(&environment("production"))).await.unwrap(), 3);
        tx.commit().await.unwrap();
        let mut undone = database.begin().await.unwrap();
        assert_eq!(undone.record_deed(&deed(Act::Cancel, "ada", 4)).await.unwrap(), 4);
        drop(undone);
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.record_deed(&deed(Act::Mute, "ada", 5)).await.unwrap(), 4);
        tx.commit().await.unwrap();
        assert_eq!(verified(database).await.map(|head| head.number), Ok(4));
        let mut tx = database.read().await.unwrap();
        let all = DeedFilter::default();
        for (filter, numbers) in [
            (all.clone(), &[4, 3, 2, 1][..]),
            (DeedFilter { environment: Some(sandbox()), ..all.clone() }, &[1]),
            (DeedFilter { who: Some("cli:ada".to_owned()), ..all.clone() }, &[4, 3, 1]),
            (DeedFilter { act: Some(Act::SignIn), ..all.clone() }, &[2]),
            (DeedFilter { about: Some("rka_1".to_owned()), ..all.clone() }, &[1]),
            (DeedFilter { since: Some(at(3)), ..all.clone() }, &[4, 3]),
            (DeedFilter { before: Some(3), ..all.clone() }, &[2, 1]),
        ] {
            let found = tx.list_deeds(&filter, 10).await.unwrap();
            assert_eq!(found.iter().map(|entry| entry.number).collect::<Vec<_>>(), numbers, "{filter:?}");
        }
        assert_eq!(tx.list_deeds(&all, 2).await.unwrap().len(), 2);
        assert_eq!(tx.deeds_after(2, 1).await.unwrap()[0].number, 3);
        let first = tx.deeds_after(0, 1).await.unwrap().remove(0);
        assert_eq!(first.about, Some(("action".to_owned(), "rka_1".to_owned())));
        assert_eq!((first.at, first.understood()), (at(1), Some((Act::Retry, Role::Admin))));
    }

    /// Processes that record at the same time wait for each other: no number twice, no fork.
    async fn who_records_at_the_same_time_makes_one_chain(database: &Scratch) {
        let mut all = tokio::task::JoinSet::new();
        for number in 0..12 {
            let database = Database::clone(database);
            all.spawn(async move {
                let mut tx = database.begin().await.unwrap();
                tx.record_deed(&deed(Act::Retry, "ada", number)).await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        all.join_all().await;
        assert_eq!(verified(database).await.map(|head| head.number), Ok(12));
    }

    /// What somebody does to the table by hand is found.
    async fn a_table_changed_by_hand_is_found_out(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        for number in 1..=6 {
            tx.record_deed(&deed(Act::Retry, "ada", number)).await.unwrap();
        }
        tx.commit().await.unwrap();
        raw::execute(database, "UPDATE audit SET reason = 'a better one' WHERE number = 5").await;
        assert_eq!(verified(database).await, Err(Broken::Changed(5)));
        raw::execute(database, "UPDATE audit SET number = 40 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4;
                                UPDATE audit SET number = 4 WHERE number = 40").await;
        assert_eq!(verified(database).await, Err(Broken::Unbound(3)));
        raw::execute(database, "DELETE FROM audit WHERE number = 2").await;
        assert_eq!(verified(database).await, Err(Broken::Missing(2)));
        raw::execute(database, "DELETE FROM audit WHERE number > 1").await;
        assert_eq!(verified(database).await, Err(Broken::CutShort { found: 1, expected: 6 }));
        raw::execute(database, "DELETE FROM audit_head").await;
        let mut tx = database.begin().await.unwrap();
        assert!(tx.record_deed(&deed(Act::Retry, "ada", 7)).await.is_err(), "nothing is recorded behind no head");
    }
}
