//! Session tokens: one asks, everyone gets the same, and nobody reads them in the database.

use std::collections::BTreeSet;

use rekindle::domain::ids::{EnvironmentName, InquiryId};
use rekindle::domain::status::Status;
use rekindle::domain::subject::SubjectId;
use rekindle::storage::lineages::TokenKey;
use rekindle::storage::subjects::Because;
use secrecy::{ExposeSecret, SecretString};

use crate::storage::raw;
use crate::storage::sample::{at, inquiry_id, said, sandbox, store};
use crate::support::{Scratch, on_both};

const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.of.ada";

struct Whose(EnvironmentName, InquiryId);

impl Whose {
    async fn stored(database: &Scratch, id: &str) -> Self {
        store(database, &sandbox(), said(id, Status::Pending, Some("ada"), Some("itmpl_1"), 0)).await;
        Self(sandbox(), inquiry_id(id))
    }

    fn number(&self, generation: u32) -> TokenKey<'_> {
        TokenKey { environment: &self.0, inquiry: &self.1, generation }
    }
}

/// What can be given again under a number, at a second.
async fn kept(database: &Scratch, of: TokenKey<'_>, second: i64) -> Option<(String, i64)> {
    let found = database.read().await.unwrap().session_token(of, at(second)).await.unwrap()?;
    assert!(!format!("{found:?}").contains(TOKEN));
    Some((found.token.expose_secret().to_owned(), found.until.since(at(0)).as_secs()))
}

async fn claim(database: &Scratch, of: TokenKey<'_>, until: i64, second: i64) -> bool {
    let mut tx = database.begin().await.unwrap();
    let claimed = tx.claim_session_token(of, at(until), at(second)).await.unwrap();
    tx.commit().await.unwrap();
    claimed
}

async fn keep(database: &Scratch, of: TokenKey<'_>, until: i64, second: i64) {
    let mut tx = database.begin().await.unwrap();
    tx.keep_session_token(of, &SecretString::from(TOKEN), at(until), at(second)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn rows(database: &Scratch) -> usize {
    raw::column(database, "SELECT inquiry_id FROM session_tokens").await.len()
}

on_both! {
    async fn one_at_a_time_asks_for_a_token(database: &Scratch) {
        let ada = Whose::stored(database, "inq_1").await;
        assert!(claim(database, ada.number(0), 15, 0).await);
        assert!(!claim(database, ada.number(0), 20, 5).await, "somebody is at it");
        assert!(claim(database, ada.number(0), 30, 15).await, "their time is over");
        assert!(claim(database, ada.number(1), 40, 16).await, "another number is another token");
        assert!(!claim(database, ada.number(0), 50, 17).await, "and an old one is none");
        let mut tx = database.begin().await.unwrap();
        tx.leave_session_token(ada.number(0)).await.unwrap();
        assert!(!tx.claim_session_token(ada.number(1), at(60), at(18)).await.unwrap(), "only one's own is given back");
        tx.leave_session_token(ada.number(1)).await.unwrap();
        assert!(tx.claim_session_token(ada.number(1), at(60), at(19)).await.unwrap());
        tx.commit().await.unwrap();
    }

    async fn a_token_is_given_again_until_its_time_is_over(database: &Scratch) {
        let (ada, bo) = (Whose::stored(database, "inq_1").await, Whose::stored(database, "inq_2").await);
        claim(database, ada.number(3), 15, 0).await;
        assert_eq!(kept(database, ada.number(3), 1).await, None, "it is only asked for");
        keep(database, ada.number(3), 100, 1).await;
        assert!(!claim(database, ada.number(3), 99, 2).await, "it came between a look and a claim");
        assert_eq!(kept(database, ada.number(3), 99).await, Some((TOKEN.to_owned(), 100)));
        assert_eq!(kept(database, ada.number(3), 100).await, None);
        assert_eq!(kept(database, ada.number(2), 50).await, None);
        assert_eq!(kept(database, bo.number(3), 50).await, None);
        let mut tx = database.begin().await.unwrap();
        tx.leave_session_token(ada.number(3)).await.unwrap();
        tx.commit().await.unwrap();
        assert!(kept(database, ada.number(3), 50).await.is_some(), "what is there is not given back");
        keep(database, ada.number(2), 200, 2).await;
        assert!(kept(database, ada.number(3), 50).await.is_some(), "one that comes late takes nobody's place");
        keep(database, bo.number(0), 300, 2).await;
        let mut tx = database.begin().await.unwrap();
        assert_eq!(tx.forget_session_tokens(at(99)).await.unwrap(), 0);
        assert_eq!(tx.forget_session_tokens(at(100)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(rows(database).await, 1);
    }

    async fn a_token_opens_in_its_own_row_under_its_own_number(database: &Scratch) {
        let ada = Whose::stored(database, "inq_1").await;
        keep(database, ada.number(0), 100, 0).await;
        raw::execute(database, "UPDATE session_tokens SET generation = 1").await;
        let mut tx = database.read().await.unwrap();
        assert!(tx.session_token(ada.number(1), at(1)).await.is_err());
    }

    async fn of_whom_was_erased_nothing_is_kept(database: &Scratch) {
        let (ada, bo) = (Whose::stored(database, "inq_1").await, Whose::stored(database, "inq_2").await);
        keep(database, ada.number(0), 100, 0).await;
        keep(database, bo.number(0), 100, 0).await;
        let mut tx = database.begin().await.unwrap();
        // A key with a token under it is not idle, however old.
        assert_eq!(tx.destroy_idle_keys(at(50), at(60), 10).await.unwrap(), 0);
        let whose = BTreeSet::from([(sandbox(), SubjectId::inquiry(&ada.1))]);
        tx.destroy_subjects(&whose, Because::Redacted, at(61)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((kept(database, ada.number(0), 62).await, rows(database).await), (None, 1));
        claim(database, ada.number(1), 80, 63).await;
        keep(database, ada.number(1), 100, 63).await;
        assert_eq!((kept(database, ada.number(1), 64).await, rows(database).await), (None, 1), "nor what comes later");
        assert!(kept(database, bo.number(0), 64).await.is_some());
        keep(database, Whose(sandbox(), inquiry_id("inq_none")).number(0), 100, 0).await;
        assert_eq!(rows(database).await, 1, "nor of an inquiry that is gone");
        raw::execute(database, "DELETE FROM inquiries WHERE id = 'inq_2'").await;
        assert_eq!(rows(database).await, 0, "a token goes with its inquiry");
    }

    async fn what_can_no_longer_be_opened_is_asked_for_again(database: &Scratch) {
        let ada = Whose::stored(database, "inq_1").await;
        keep(database, ada.number(0), 100, 0).await;
        let mut tx = database.begin().await.unwrap();
        let whose = [(sandbox(), SubjectId::inquiry(&ada.1))];
        tx.destroy_known_keys(&whose, Because::MasterKeyLost, at(1)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(kept(database, ada.number(0), 2).await, None);
        assert!(claim(database, ada.number(0), 20, 2).await);
        keep(database, ada.number(0), 100, 3).await;
        assert_eq!(kept(database, ada.number(0), 4).await, Some((TOKEN.to_owned(), 100)));
    }
}
