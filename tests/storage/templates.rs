//! What is known of a template does not depend on the order in which it was told.

use rekindle::domain::ids::TemplateVersionId;
use rekindle::domain::template::{Template, TemplateSource};

use crate::storage::sample::{at, environment, sandbox, template_id};
use crate::support::on_both;

fn told(name: Option<&str>, version: Option<&str>, second: i64) -> Template {
    Template {
        id: template_id("itmpl_1"),
        name: name.map(str::to_owned),
        latest_version: version.map(|version| TemplateVersionId::parse(version).unwrap()),
        observed_at: at(second),
        source: TemplateSource::Included,
    }
}

on_both! {
    async fn each_attribute_is_as_it_was_last_told_in_every_order_of_telling(database: &Scratch) {
        let tellings = [
            told(Some("Identity"), Some("itmplv_1"), 10),
            told(Some("Identity, renamed"), None, 20),
            told(None, Some("itmplv_2"), 15),
            told(None, Some("itmplv_3"), 15),
        ];
        let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
        for (place, order) in orders.iter().enumerate() {
            let environment = environment(&format!("environment-{place}"));
            let mut tx = database.begin().await.unwrap();
            for (second, telling) in order.iter().enumerate() {
                let now = at(100 + i64::try_from(second).unwrap());
                tx.observe_template(&environment, &tellings[*telling], now).await.unwrap();
                tx.observe_template(&environment, &tellings[*telling], now).await.unwrap();
            }
            tx.commit().await.unwrap();
            let mut tx = database.read().await.unwrap();
            let known = tx.template(&environment, &template_id("itmpl_1")).await.unwrap().unwrap();
            assert_eq!(known.template, told(Some("Identity, renamed"), Some("itmplv_3"), 20), "{order:?}");
        }
    }

    async fn templates_are_listed_by_environment(database: &Scratch) {
        let mut tx = database.begin().await.unwrap();
        tx.observe_template(&sandbox(), &told(None, None, 1), at(7)).await.unwrap();
        tx.observe_template(&sandbox(), &Template { id: template_id("itmpl_0"), ..told(None, None, 1) }, at(7)).await.unwrap();
        tx.observe_template(&environment("production"), &told(None, None, 1), at(7)).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = database.read().await.unwrap();
        let listed = tx.list_templates(&sandbox()).await.unwrap();
        assert_eq!(listed.iter().map(|known| known.template.id.as_str()).collect::<Vec<_>>(), ["itmpl_0", "itmpl_1"]);
        assert_eq!(listed[0].learnt_at, at(7));
        assert_eq!(tx.template(&environment("elsewhere"), &template_id("itmpl_1")).await.unwrap(), None);
    }
}
