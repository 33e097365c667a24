//! The pages people see: plain, self-contained, and honest about being simulated.

use secrecy::ExposeSecret;

use super::door::RefusedReason;
use super::inquiries::Inquiry;
use super::sessions::Session;
use crate::domain::status::Status;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f4f1;color:#1c1c1a}\
main{max-width:30rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #dcdcd6;border-radius:.75rem}\
h1{font-size:1.4rem;margin:0 0 .5rem}small{color:#6b6b64}form{display:flex;gap:.75rem;margin:1.5rem 0 1rem}\
button{font:inherit;padding:.6rem 1.1rem;border-radius:.5rem;border:1px solid #1c1c1a;background:#1c1c1a;color:#fff;cursor:pointer}\
button.quiet{background:#fff;color:#1c1c1a}@media(prefers-color-scheme:dark){body{background:#161615;color:#ecece8}\
main{background:#20201e;border-color:#3a3a36}small{color:#a3a39b}button{background:#ecece8;color:#161615}\
button.quiet{background:#20201e;color:#ecece8}}";

/// A page before the flow, which waits for the person's own click.
pub(super) fn at_the_door(inquiry: &Inquiry, query: &str) -> String {
    let action = escaped(&format!("/verify?{query}"));
    let form = format!("<form method=\"post\" action=\"{action}\"><button>Continue</button></form>");
    page("at-the-door", "Continue your verification", "Nothing has happened yet.", &form, Some(inquiry))
}

/// A page inside the flow, with what the person can do next.
pub(super) fn inside(inquiry: &Inquiry, session: &Session) -> String {
    let token = escaped(session.token.expose_secret());
    let buttons = if inquiry.times.started_at.is_none() {
        "<button name=\"action\" value=\"start\">Start verification</button>"
    } else {
        "<button name=\"action\" value=\"step\">Next step</button>\
         <button name=\"action\" value=\"complete\">Finish</button>\
         <button class=\"quiet\" name=\"action\" value=\"fail\">Fail</button>"
    };
    let form = format!(
        "<form method=\"post\" action=\"/verify/step\"><input type=\"hidden\" name=\"session-token\" value=\"{token}\">\
         <input type=\"hidden\" name=\"inquiry-id\" value=\"{}\">{buttons}</form>",
        inquiry.id
    );
    let step = inquiry.next_step.as_deref().unwrap_or("start").replace('_', " ");
    page("flow", "Verify your identity", &format!("Next: {step}"), &form, Some(inquiry))
}

/// The page on which the flow ends.
pub(super) fn done(inquiry: &Inquiry) -> String {
    let (title, text) = match inquiry.status {
        Status::Failed | Status::Declined => ("We could not verify you", "The check has failed."),
        _ => ("You are done", "The check is complete."),
    };
    let back = inquiry.redirect_uri.as_deref().and_then(|uri| url::Url::parse(uri).ok()).map_or_else(
        String::new,
        |mut uri| {
            if !matches!(uri.scheme(), "http" | "https") {
                return String::new();
            }
            uri.query_pairs_mut().append_pair("inquiry-id", inquiry.id.as_str());
            if let Some(reference_id) = &inquiry.reference_id {
                uri.query_pairs_mut().append_pair("reference-id", reference_id);
            }
            format!("<p><a href=\"{}\">Go back</a></p>", escaped(uri.as_str()))
        },
    );
    page("done", title, text, &back, Some(inquiry))
}

/// The page of somebody who is not let in, under the title that people know from Persona where there is one.
pub(super) fn refused(reason: RefusedReason) -> String {
    let title = match reason {
        RefusedReason::SessionExpired | RefusedReason::InquiryExpired | RefusedReason::LinkExpired => "Session expired",
        RefusedReason::LinkUsed | RefusedReason::LinkReplaced => "This link was used",
        RefusedReason::Finished | RefusedReason::Redacted => "Nothing left to do",
        RefusedReason::Unknown | RefusedReason::SessionLimit => "This link does not work",
    };
    page("refused", title, &format!("You can't get in: {reason}."), "", None)
}

fn page(state: &str, title: &str, text: &str, body: &str, inquiry: Option<&Inquiry>) -> String {
    let title = escaped(title);
    let about = inquiry.map_or_else(String::new, |inquiry| format!(" Inquiry {}, {}.", inquiry.id, inquiry.status));
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{title}</title>\
         <style>{STYLE}</style></head><body data-state=\"{state}\"><main><h1>{title}</h1><p>{}</p>{body}\
         <small>Simulated: no person is verified here.{}</small></main></body></html>",
        escaped(text),
        escaped(&about),
    )
}

/// Text that may stand in HTML, in an attribute too.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_text_stays_text() {
        assert_eq!(escaped("<b a=\"1\">&'"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
    }

    #[test]
    fn somebody_refused_is_told_why() {
        let page = refused(RefusedReason::SessionExpired);
        assert!(page.contains("<h1>Session expired</h1>") && page.contains("data-state=\"refused\""));
    }
}
