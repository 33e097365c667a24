//! Addresses of the hosted flow: taken apart, they say what was put in, whatever it holds.

use std::collections::BTreeMap;

use proptest::option;
use proptest::prelude::*;
use rekindle::domain::hosted_flow::{HostedFlow, InvalidFlow, Person, Style, Target};
use rekindle::domain::ids::{AccountId, InquiryId, ReferenceId, TemplateId};
use url::Url;

/// Anything that is an id: also what means something in an address.
fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z_0-9]{1,20}", r"[&=+%# ?/;ü🦊\[\]a]{0,12}x", "\\PC{0,40}x"]
}

fn target() -> impl Strategy<Value = Target> {
    let id = || word().prop_map(|text| ReferenceId::parse(&text).unwrap());
    let account = word().prop_map(|text| Person::Account(AccountId::parse(&text).unwrap()));
    let person = prop_oneof![id().prop_map(Person::Reference), account];
    let fields = proptest::collection::btree_map(word(), word(), 0..4);
    let template = (word(), option::of(word()), option::of(person), option::of(word()), fields).prop_map(
        |(template, environment_id, person, account_type_id, fields)| {
            let template = TemplateId::parse(&template).unwrap();
            Target::Template { template, environment_id, person, account_type_id, fields }
        },
    );
    let inquiry = (word(), option::of(word())).prop_map(|(id, session_token)| {
        let id = InquiryId::parse(&id).unwrap();
        Target::Inquiry { id, session_token }
    });
    prop_oneof![template, inquiry]
}

fn flow() -> impl Strategy<Value = HostedFlow> {
    let redirect = word().prop_map(|text| {
        let mut url = Url::parse("https://app.example.com/done").unwrap();
        url.query_pairs_mut().append_pair("state", &text);
        url
    });
    let style = prop_oneof![Just(Style::Light), Just(Style::Dark)];
    let subdomain = option::of("[a-z]([a-z0-9-]{0,20}[a-z0-9])?");
    (subdomain, target(), option::of(redirect), option::of(word()), option::of(word()), option::of(style)).prop_map(
        |(subdomain, target, redirect_uri, language, theme_set_id, style)| HostedFlow {
            subdomain,
            target,
            redirect_uri,
            language,
            theme_set_id,
            style,
        },
    )
}

/// Reads an address as Persona would; `None` when it says anything twice, or anything unknown.
fn read(text: &str) -> Option<HostedFlow> {
    let url = Url::parse(text).ok()?;
    let subdomain = url.host_str()?.strip_suffix(".withpersona.com")?.to_owned();
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        if said.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    let mut take = |name: &str| said.remove(name);
    let redirect_uri = take("redirect-uri").map(|uri| Url::parse(&uri).unwrap());
    let (language, theme_set_id) = (take("language"), take("theme-set-id"));
    let style = take("style-variant").map(|style| if style == "dark" { Style::Dark } else { Style::Light });
    let target = if let Some(id) = take("inquiry-id") {
        Target::Inquiry { id: InquiryId::parse(&id).ok()?, session_token: take("session-token") }
    } else {
        let template = TemplateId::parse(&take("inquiry-template-id")?).ok()?;
        let reference = take("reference-id").map(|id| Person::Reference(ReferenceId::parse(&id).unwrap()));
        let account = take("account-id").map(|id| Person::Account(AccountId::parse(&id).unwrap()));
        let (environment_id, account_type_id) = (take("environment-id"), take("account-type-id"));
        let name = |key: &str| key.strip_prefix("fields[").and_then(|key| key.strip_suffix(']')).map(str::to_owned);
        let fields = std::mem::take(&mut said).into_iter();
        let fields = fields.map(|(key, value)| Some((name(&key)?, value))).collect::<Option<_>>()?;
        Target::Template { template, environment_id, person: reference.or(account), account_type_id, fields }
    };
    let read = HostedFlow { subdomain: Some(subdomain), target, redirect_uri, language, theme_set_id, style };
    said.is_empty().then_some(read)
}

proptest! {
    #[test]
    fn what_was_put_in_is_taken_out(flow in flow()) {
        let text = flow.url().unwrap();
        prop_assert!(text.is_ascii() && !text.contains(' ') && !text.contains('+'), "{text}");
        let mut expected = flow;
        expected.subdomain.get_or_insert_with(|| "inquiry".to_owned());
        prop_assert!(read(&text) == Some(expected), "{text}");
    }

    #[test]
    fn no_subdomain_leads_to_another_host(subdomain in "\\PC{0,30}") {
        let target = Target::Inquiry { id: InquiryId::parse("inq_1").unwrap(), session_token: None };
        match (HostedFlow { subdomain: Some(subdomain), ..HostedFlow::to(target) }).url() {
            Ok(text) => prop_assert!(Url::parse(&text).unwrap().host_str().unwrap().ends_with(".withpersona.com")),
            Err(why) => prop_assert_eq!(why, InvalidFlow::Subdomain),
        }
    }
}
