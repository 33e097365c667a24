//! Sessions in browsers: begun, kept from others, ended.

use rekindle::domain::act::Role;
use reqwest::Method;
use secrecy::ExposeSecret;

use super::super::world::{hours, minutes};
use super::{Browser, Office};
use crate::support::{on_both, operator};

/// What the forms of a session carry.
async fn csrf(office: &Office, browser: &Browser) -> String {
    let session = browser.session().unwrap();
    let signed_in = office.world.app.operator_by_session(&session, None).await.unwrap().unwrap();
    signed_in.csrf.expose_secret().to_owned()
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/v1/me").await.status == 200
}

on_both! {
    async fn somebody_signs_in_with_a_token_and_out_again(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let browser = office.browser();
        let page = browser.get("/sign-in?return_to=/actions").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("action=\"/sign-in?return_to=%2Factions\""), "{}", page.text);
        assert!(!page.text.contains("/sign-in/provider"), "there is no provider");
        for (name, value) in [("cache-control", "no-store"), ("x-frame-options", "DENY"), ("referrer-policy", "same-origin")] {
            assert_eq!(page.header(name), value);
        }
        assert!(page.header("content-security-policy").contains("default-src 'none'"));

        let (token, id) = office.token(Role::Operator, None).await;
        let answer = browser.submit("/sign-in?return_to=/actions", &[("token", &format!(" {token}\n"))]).await;
        assert_eq!((answer.status, answer.location()), (303, "/actions"));
        let cookie = answer.header("set-cookie").to_owned();
        for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=43200"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("Secure"), "without TLS browsers would not keep it");
        let me = browser.get("/v1/me").await;
        let me: serde_json::Value = serde_json::from_str(&me.text).unwrap();
        let how = format!("session:{id}");
        assert_eq!((&me["who"], &me["role"], &me["how"]), (&"token:on call".into(), &"operator".into(), &how.into()));

        let session = browser.session().unwrap();
        let answer = browser.submit("/sign-out", &[("csrf", &csrf(&office, &browser).await)]).await;
        assert_eq!((answer.status, answer.location(), browser.session()), (303, "/sign-in", None));
        browser.set_cookie("rekindle-session", &session);
        assert!(!is_in(&browser).await, "the session is over, not only the cookie gone");
        let deeds = office.deeds().await;
        let acts: Vec<&str> = deeds.iter().map(|deed| &*deed.act).collect();
        assert_eq!(acts, ["create_token", "sign_in", "sign_out"]);
        assert_eq!((deeds[1].address.as_deref(), &*deeds[1].role), (Some("127.0.0.1"), "operator"));
        let kept = serde_json::to_string(&deeds.iter().map(|deed| format!("{deed:?}")).collect::<Vec<_>>()).unwrap();
        assert!(!kept.contains(&token) && !kept.contains(&session), "no secret is written down");
        office.finish().await;
    }

    async fn behind_tls_the_cookie_is_of_this_host_alone(scratch: &Scratch) {
        let office = Office::with(scratch, |_| "[sign_in]\nurl = \"https://ops.example.com\"".to_owned()).await;
        let (token, _) = office.token(Role::Viewer, None).await;
        let browser = office.browser();
        let answer = browser.submit("/sign-in", &[("token", &token)]).await;
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("__Host-rekindle-session=") && cookie.ends_with("; Secure"), "{cookie}");
        assert!(cookie.contains("; Path=/;") && !cookie.contains("Domain"), "{cookie}");
        assert!(is_in(&browser).await);
        let name = "__Host-rekindle-session";
        let weaker = office.browser();
        weaker.set_cookie("rekindle-session", &browser.cookie(name).unwrap());
        assert!(!is_in(&weaker).await, "a name that anybody could set counts for nothing here");
        office.finish().await;
    }

    /// Whoever plants a session in somebody's browser gets nothing of theirs.
    async fn a_session_from_before_signing_in_is_not_gone_on_with(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let (attacker, _) = office.signed_in(Role::Viewer).await;
        let planted = attacker.session().unwrap();
        let (token, _) = office.token(Role::Admin, None).await;
        for cookie in [planted.as_str(), &"a".repeat(64), "x"] {
            let victim = office.browser();
            victim.set_cookie("rekindle-session", cookie);
            victim.submit("/sign-in", &[("token", &token)]).await;
            assert!(is_in(&victim).await);
            assert_ne!(victim.session().unwrap(), cookie);
        }
        assert!(!is_in(&attacker).await, "the planted session ended when somebody else signed in over it");
        let twice = [("cookie", &*format!("rekindle-session={planted}; rekindle-session={planted}"))];
        assert_eq!(office.browser().send(Method::GET, "/v1/me", None, &twice).await.status, 401);
        office.finish().await;
    }

    async fn a_session_ends_when_it_is_not_used_and_in_any_case(scratch: &Scratch) {
        let office = Office::with(scratch, |_| "[sign_in]\nlifetime = \"3h\"\nidle = \"1h\"".to_owned()).await;
        let (idle, _) = office.signed_in(Role::Viewer).await;
        let (busy, _) = office.signed_in(Role::Viewer).await;
        for _ in 0..3 {
            office.world.clock.advance(minutes(50));
            assert!(is_in(&busy).await);
        }
        assert!(!is_in(&idle).await);
        office.world.clock.advance(minutes(29));
        assert!(is_in(&busy).await);
        office.world.clock.advance(minutes(1));
        assert!(!is_in(&busy).await, "used or not, three hours are over");
        office.finish().await;
    }

    async fn a_session_is_worth_what_its_token_is_worth(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let (token, id) = office.token(Role::Admin, None).await;
        let (one, other) = (office.browser(), office.signed_in(Role::Viewer).await.0);
        one.submit("/sign-in", &[("token", &token)]).await;
        assert!(is_in(&one).await && is_in(&other).await);
        office.world.app.revoke_token(&id, &operator("olga")).await.unwrap();
        assert!(!is_in(&one).await && is_in(&other).await);
        assert_eq!(one.submit("/sign-in", &[("token", &token)]).await.status, 403);
        office.world.clock.advance(hours(1));
        assert!(is_in(&other).await);
        office.finish().await;
    }

    /// Another site can make a browser send a form with its cookies; it can't read what our pages put into theirs.
    async fn a_form_of_another_site_is_refused(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let (browser, token) = office.signed_in(Role::Admin).await;
        let good = csrf(&office, &browser).await;
        let other = csrf(&office, &office.signed_in(Role::Admin).await.0).await;
        let ours = [("sec-fetch-site", "same-origin")];
        let form = |csrf| vec![("csrf", csrf)];
        let origin = [("origin", office.base.as_str())];
        for (form, headers) in [
            (vec![], &ours[..]),
            (form(""), &ours),
            (form(&other), &ours),
            (form(&good), &[]),
            (form(&good), &[("sec-fetch-site", "cross-site")]),
            (form(&good), &[("sec-fetch-site", "same-site")]),
            (form(&good), &[("origin", "https://evil.example.net")]),
            (form(&good), &[("origin", "null")]),
        ] {
            let answer = browser.send(Method::POST, "/sign-out", Some(&form), headers).await;
            assert_eq!(answer.status, 403, "{form:?} {headers:?}");
            assert!(is_in(&browser).await);
        }
        // Signing in from another site would let somebody work in a stranger's name.
        let answer = office.browser().send(Method::POST, "/sign-in", Some(&[("token", &token)]), &[]).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (403, ""));
        let answer = browser.send(Method::POST, "/sign-out", Some(&form(&good)), &origin).await;
        assert_eq!(answer.status, 303);
        let nobody = office.browser().submit("/sign-out", &form(&good)).await;
        assert_eq!((nobody.status, nobody.location()), (303, "/sign-in"));
        office.finish().await;
    }

    async fn nobody_is_led_elsewhere_after_signing_in(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let (token, _) = office.token(Role::Viewer, None).await;
        for elsewhere in ["https://evil.example.net", "//evil.example.net", "/%5Cevil.example.net", "/%09/evil.example.net"] {
            let browser = office.browser();
            let page = browser.get(&format!("/sign-in?return_to={elsewhere}")).await;
            assert!(!page.text.contains("evil"), "{}", page.text);
            let answer = browser.submit(&format!("/sign-in?return_to={elsewhere}"), &[("token", &token)]).await;
            assert_eq!((answer.status, answer.location()), (303, "/"), "{elsewhere}");
        }
        office.finish().await;
    }

    async fn a_sign_in_link_works_once_and_not_for_long(scratch: &Scratch) {
        let office = Office::on(scratch).await;
        let app = &office.world.app;
        assert!(app.nobody_signed_in_yet().await.unwrap());
        let link = app.invite_operator(Role::Admin, &operator("ada")).await.unwrap();
        let path = link.path.expose_secret();
        let (browser, late) = (office.browser(), office.browser());
        for _ in 0..2 {
            let page = browser.get(path).await;
            assert_eq!(page.status, 200, "looking uses nothing up");
            assert!(page.text.contains("<form method=\"post\">") && browser.session().is_none(), "{}", page.text);
        }
        let forged = browser.send(Method::POST, path, Some(&[]), &[("sec-fetch-site", "cross-site")]).await;
        assert_eq!(forged.status, 403);
        let answer = browser.submit(path, &[]).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{answer:?}");
        assert!(is_in(&browser).await && !app.nobody_signed_in_yet().await.unwrap());
        assert_eq!((late.submit(path, &[]).await.status, late.get(path).await.status), (410, 410));
        let second = app.invite_operator(Role::Viewer, &operator("ada")).await.unwrap();
        office.world.clock.advance(minutes(15));
        assert_eq!(late.get(second.path.expose_secret()).await.status, 410);
        assert_eq!(late.submit(second.path.expose_secret(), &[]).await.status, 410);
        assert!(late.session().is_none());
        let acts = ["cli:ada invite_operator", "link:cli:ada sign_in", "cli:ada invite_operator"];
        assert_eq!(office.acts().await, acts);
        office.finish().await;
    }
}
