//! Access links as people find them: from a notice into Persona's flow, and what every other link says.

use rekindle::app::App;
use rekindle::app::links::Minted;
use rekindle::clock::Clock;
use rekindle::config::{Config, Language, Text};
use rekindle::domain::ids::{EnvironmentName, InquiryId, TemplateId};
use rekindle::persona::simulator::{
    DEFAULT_TEMPLATE, DeliveryState, NewInquiry, Refusal, Settings, Simulator, TemplateSettings,
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::chromium::tell;
use crate::cli::outside::{ENVIRONMENT, Outside, living};
use crate::cli::process::{Installation, eventually};
use crate::storage::raw;
use crate::support::vault::open;
use crate::support::{Scratch, operator, sqlite};

/// How long people have, in seconds; the default template's reminder falls due two seconds after the beginning.
const LIFETIME: i64 = 86_400;
const REMINDED: &str = r#"reminders = ["23h 59m 58s"]"#;

/// Nobody of this template is reminded.
const QUIET: &str = "itmpl_Quiet";

/// Whatever expires of this template is given up.
const STRICT: &str = "itmpl_Strict";

/// Something that happens to an inquiry; whether it changed anything.
type Turn = fn(&Simulator, &InquiryId) -> Result<bool, Refusal>;

/// What happened to whom, for each page of somebody who has a link that opens.
const HAPPENED: [(&str, &[Turn]); 7] = [
    ("ask", &[]),
    ("finished", &[Simulator::start, Simulator::complete]),
    ("review", &[Simulator::start, Simulator::complete, Simulator::mark_for_review]),
    ("decided", &[Simulator::start, Simulator::complete, Simulator::decline]),
    ("failed", &[Simulator::start, Simulator::fail]),
    ("closed", &[Simulator::redact]),
    ("stuck", &[Simulator::expire]),
];

/// The headings of the pages, by the name under which the story knows them.
const HEADINGS: [(&str, Text); 14] = [
    ("ask", Text::AskHeading),
    ("finished", Text::DoneHeading),
    ("review", Text::ReviewHeading),
    ("decided", Text::DecidedHeading),
    ("failed", Text::FailedHeading),
    ("closed", Text::ClosedHeading),
    ("stuck", Text::StuckHeading),
    ("busy", Text::BusyHeading),
    ("expired", Text::ExpiredHeading),
    ("used-up", Text::UsedUpHeading),
    ("revoked", Text::RevokedHeading),
    ("sent", Text::SentHeading),
    ("unknown", Text::UnknownHeading),
    ("slow", Text::SlowHeading),
];

/// Everything around the browser, with the real binary in the middle.
struct Stage {
    scratch: Scratch,
    outside: Outside,
    rekindle: Installation,
    /// A hand on the database beside the process, as a short command has.
    app: App,
}

impl Stage {
    async fn set() -> Self {
        let template = |id| TemplateSettings::new(id).with_life(living(LIFETIME).templates[0].life);
        let templates = [DEFAULT_TEMPLATE, QUIET, STRICT].map(template).into();
        let outside = Outside::with(Settings { templates, ..living(LIFETIME) }).await;
        let (scratch, mut rekindle) = (sqlite().await, Installation::new(""));
        let toml = format!(
            r#"
            public_url = "http://{}"
            link_hosts = ["127.0.0.1:*"]
            trusted_proxies = ["127.0.0.1"]
            {}
            [brand]
            name = "Example Bank"
            support = "help@example.com"
            [environments.{ENVIRONMENT}.templates.{QUIET}]
            reminders = []
            [environments.{ENVIRONMENT}.templates.{STRICT}]
            reminders = []
            max_revivals = 0
            max_replacements = 0
            "#,
            rekindle.public,
            outside.configuration(&scratch.url, REMINDED),
        );
        rekindle.configure(&toml);
        outside.send_webhooks_to(&rekindle);
        rekindle.start().await;
        let app = App::new(&Config::from_toml(&toml).unwrap(), open(&scratch.url).await, Clock::System).unwrap();
        Self { scratch, outside, rekindle, app }
    }

    fn person(&self, name: &str, template: &str) -> InquiryId {
        let template = Some(TemplateId::parse(template).unwrap());
        let new = NewInquiry { template, ..NewInquiry::for_person(name) };
        self.outside.persona.create_inquiry(ENVIRONMENT, new).unwrap()
    }

    /// A link into the inquiry of somebody to whom this happened, once Rekindle has heard of it.
    async fn after(&self, name: &str, turns: &[Turn]) -> Minted {
        let inquiry = self.person(name, if name == "stuck" { STRICT } else { QUIET });
        for turn in turns {
            assert!(turn(&self.outside.persona, &inquiry).unwrap(), "{name}");
        }
        self.heard().await;
        let environment = EnvironmentName::parse(ENVIRONMENT).unwrap();
        self.app.link_for(&environment, &inquiry, None).await.unwrap()
    }

    async fn heard(&self) {
        eventually("Persona is heard", || async {
            let deliveries = self.outside.persona.deliveries();
            deliveries.iter().all(|delivery| delivery.state == DeliveryState::Delivered).then_some(())
        })
        .await;
    }

    /// A link of which this is written on its row.
    async fn with(&self, name: &str, written: &str) -> Minted {
        let minted = self.after(name, &[]).await;
        let sql = format!("UPDATE access_links SET {written} WHERE id = '{}'", minted.link.id.as_str());
        raw::execute(&self.scratch, &sql).await;
        minted
    }

    /// What can be behind a link: name, address and status.
    async fn pages(&self) -> Vec<Value> {
        let mut pages = Vec::new();
        let mut page = |name: &str, url: &str, status: u16| {
            pages.push(json!({ "name": name, "url": url, "status": status }));
        };
        for (name, turns) in HAPPENED {
            page(name, self.after(name, turns).await.url.expose_secret(), 200);
        }
        for (name, written) in [("expired", "expires_at = created_at"), ("used-up", "opens = max_opens")] {
            page(name, self.with(name, written).await.url.expose_secret(), 410);
        }
        let revoked = self.after("revoked", &[]).await;
        self.app.revoke_link(&revoked.link.id, &operator("olga"), "lost").await.unwrap();
        page("revoked", revoked.url.expose_secret(), 410);
        page("unknown", &format!("http://{}/go/AAAAAAAAAAAAAAAA", self.rekindle.public), 404);
        pages
    }
}

/// A person's whole way, and every page that anybody can find, in each language, on a phone and a desktop, in light and
/// dark. It takes a while, because no less shows that nobody is kept out: 14 pages in four languages, and axe on each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_what_is_behind_their_link() {
    let stage = Stage::set().await;
    let ada = stage.person("ada", DEFAULT_TEMPLATE);
    let notice = eventually("a notice comes", || async { stage.outside.application.notices().pop() }).await;
    let pages = stage.pages().await;
    let simulator = stage.outside.api_url().trim_end_matches("/api/v1").to_owned();
    let mut links = Map::new();
    for name in ["keyboard", "crowded", "away"] {
        links.insert(name.to_owned(), stage.after(name, &[]).await.url.expose_secret().into());
    }
    let over = stage.with("over", "expires_at = created_at").await;
    links.insert("over".to_owned(), over.url.expose_secret().into());
    let mut told = json!({
        "origins": [format!("http://{}", stage.rekindle.public), simulator],
        "simulator": simulator,
        "ada": ada.as_str(),
        "notice": notice.link,
        "pages": pages,
        "languages": Language::ALL.map(Language::as_str),
        "texts": texts(),
    });
    told.as_object_mut().unwrap().extend(links);
    tell("access", &told).await;

    // What was asked for again and again came once, and the way in is another.
    let application = &stage.outside.application;
    let asked = eventually("the new link comes", || async {
        application.notices().into_iter().find(|notice| notice.step == "inquiry.link_requested")
    })
    .await;
    assert_eq!(asked.reference_id.as_deref(), Some("over"));
    assert_ne!(asked.link, over.url.expose_secret());
    let view = stage.outside.persona.inquiry(&ada).unwrap();
    assert_eq!((view.status.to_string().as_str(), view.sessions.len()), ("completed", 1), "one visit, one session");
}

/// The headings in each language.
fn texts() -> Value {
    let of = |language: Language| {
        let all = HEADINGS.map(|(name, text)| (name.to_owned(), Value::from(text.standard(language))));
        (language.as_str().to_owned(), Value::Object(all.into_iter().collect()))
    };
    Value::Object(Language::ALL.map(of).into_iter().collect())
}
