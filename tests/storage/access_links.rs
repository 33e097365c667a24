//! Access links: made once for an action, opened so often, revoked alone or together; and the key they are made with.

use rekindle::app::keys;
use rekindle::domain::ids::ActionId;
use rekindle::domain::status::Status;
use rekindle::storage::Database;
use rekindle::storage::access_links::{LinkFilter, LinkId, NewLink};
use rekindle::vault::{Keyring, LinkKey, MasterKey, Role, Vault};

use crate::storage::raw;
use crate::storage::sample::{at, inquiry_id, said, sandbox, store};
use crate::support::{on_both, operator};

async fn inquiry(database: &Database) {
    store(database, &sandbox(), said("inq_1", Status::Created, Some("ada"), Some("itmpl_1"), 0)).await;
}

fn new(made_for: Option<&str>, max_opens: u32) -> NewLink {
    NewLink {
        id: LinkId::parse(&LinkKey::new_id().unwrap()).unwrap(),
        environment: sandbox(),
        lineage: inquiry_id("inq_1"),
        made_for: made_for.map(|id| ActionId::parse(id).unwrap()),
        max_opens,
        created_at: at(0),
        expires_at: at(1_000),
    }
}

async fn opens(database: &Database, id: &LinkId) -> u32 {
    database.read().await.unwrap().access_link(id).await.unwrap().unwrap().opens
}

on_both! {
    async fn an_action_has_one_link(database: &Scratch) {
        inquiry(database).await;
        let mut tx = database.begin().await.unwrap();
        let (first, second, free) = (new(Some("rka_1"), 2), new(Some("rka_1"), 2), new(None, 2));
        assert!(tx.add_access_link(&first).await.unwrap());
        assert!(!tx.add_access_link(&second).await.unwrap(), "nothing fails, and nothing is added");
        assert!(tx.add_access_link(&free).await.unwrap());
        let kept = tx.access_link_made_for(first.made_for.as_ref().unwrap()).await.unwrap().unwrap();
        assert_eq!((&kept.id, kept.max_opens, kept.expires_at, kept.opens), (&first.id, 2, at(1_000), 0));
        let usable = tx.usable_access_link(&sandbox(), &inquiry_id("inq_1"), at(500)).await.unwrap().unwrap();
        assert_eq!(usable.id, free.id, "that of a notice is for that notice");
        assert_eq!(tx.usable_access_link(&sandbox(), &inquiry_id("inq_1"), at(1_000)).await.unwrap(), None);
        tx.commit().await.unwrap();
    }

    async fn openings_are_counted_once_a_visit_up_to_the_most(database: &Scratch) {
        inquiry(database).await;
        let link = new(None, 2);
        let mut tx = database.begin().await.unwrap();
        tx.add_access_link(&link).await.unwrap();
        // Now, since when it is the same visit, whether it opens, how many openings are counted then.
        for (now, since, opens, counted) in [
            (10, 0, true, 1),
            (11, 0, true, 1),
            (20, 15, true, 2),
            (21, 15, true, 2),
            (30, 25, false, 2),
        ] {
            assert_eq!(tx.take_opening(&link.id, at(now), at(since)).await.unwrap(), opens, "at {now}");
            assert_eq!(tx.access_link(&link.id).await.unwrap().unwrap().opens, counted, "at {now}");
        }
        tx.give_opening_back(&link.id, at(21)).await.unwrap();
        assert_eq!(tx.access_link(&link.id).await.unwrap().unwrap().opens, 2, "nothing was counted then");
        tx.give_opening_back(&link.id, at(20)).await.unwrap();
        assert!(tx.take_opening(&link.id, at(30), at(25)).await.unwrap(), "the one that let nobody in is left");
        assert!(!tx.take_opening(&link.id, at(1_000), at(0)).await.unwrap(), "its time is over");
        tx.commit().await.unwrap();
        assert_eq!(opens(database, &link.id).await, 2);
    }

    async fn a_link_is_revoked_alone_or_with_all_of_its_verification(database: &Scratch) {
        inquiry(database).await;
        let (one, other) = (new(None, 5), new(None, 5));
        let mut tx = database.begin().await.unwrap();
        for link in [&one, &other] {
            tx.add_access_link(link).await.unwrap();
        }
        assert!(tx.revoke_access_link(&one.id, "ops", "posted in public", at(5)).await.unwrap());
        assert!(!tx.revoke_access_link(&one.id, "ops", "again", at(6)).await.unwrap());
        assert!(!tx.take_opening(&one.id, at(7), at(0)).await.unwrap());
        assert!(tx.take_opening(&other.id, at(7), at(0)).await.unwrap());
        assert_eq!(tx.revoke_access_links(&sandbox(), &inquiry_id("inq_1"), "ops", "all", at(8)).await.unwrap(), 1);
        assert!(!tx.take_opening(&other.id, at(9), at(0)).await.unwrap(), "not even in the same visit");
        let filter = LinkFilter { environment: Some(sandbox()), lineage: Some(inquiry_id("inq_1")) };
        let page = tx.list_access_links(&filter, None, 1).await.unwrap();
        let rest = tx.list_access_links(&filter, page.next.as_ref(), 1).await.unwrap();
        let mut whys = [&page.items[0], &rest.items[0]].map(|link| link.revoked_why.clone().unwrap());
        whys.sort();
        assert_eq!((whys, rest.next), (["all".to_owned(), "posted in public".to_owned()], None));
        tx.commit().await.unwrap();
    }

    async fn the_key_of_links_is_made_once_and_survives_a_rotation(database: &Scratch) {
        let (old, young) = (MasterKey::make().unwrap(), MasterKey::make().unwrap());
        let with = |keys: Vec<(Role, MasterKey)>| Vault::with(Keyring::with_roles(keys).unwrap());
        let open = async |vault| Database::open(&database.url).await.unwrap().with_vault(vault);
        let before = open(with(vec![(Role::Current, old.clone())])).await;
        keys::check(&before, at(0)).await.unwrap();
        assert!(before.read().await.unwrap().link_key().await.unwrap().is_none());
        let mut tx = before.begin().await.unwrap();
        let token = tx.link_key_or_new(at(0)).await.unwrap().token("an id");
        assert_eq!(tx.link_key_or_new(at(1)).await.unwrap().token("an id"), token);
        assert!(!tx.forget_master_key(old.id()).await.unwrap(), "it is needed");
        tx.commit().await.unwrap();

        let both = open(with(vec![(Role::Current, young.clone()), (Role::Kept, old.clone())])).await;
        keys::reseal(&both, at(2), |_| {}).await.unwrap();
        keys::forget(&both, old.id(), &operator("olga"), "not needed", at(3)).await.unwrap();
        let after = open(with(vec![(Role::Current, young.clone())])).await;
        let key = after.read().await.unwrap().link_key().await.unwrap().unwrap();
        assert_eq!(key.token("an id"), token, "every link that is out there still opens");

        keys::abandon(&after, young.id(), &operator("olga"), at(3)).await.unwrap();
        assert!(after.read().await.unwrap().link_key().await.unwrap().is_none(), "given up with its master key");
        let stored = raw::column(database, "SELECT id FROM master_keys").await;
        assert_eq!(stored, Vec::<String>::new());
    }
}
