//! What a mail server's refusal means for the letter. Its own words can quote the address, so only its codes are kept.

use std::error::Error as _;
use std::io;

use lettre::transport::smtp::Error;

use crate::notify::error::NotifyError;

/// Codes by which a server refuses us, and not the person: signing in, and the way there (RFC 4954, RFC 3207).
const ABOUT_US: [u16; 6] = [530, 534, 535, 538, 523, 524];

/// What follows from an error of the connection or of the server.
pub(super) fn what_followed(error: &Error, host: &str) -> NotifyError {
    let host = host.to_owned();
    if let Some(code) = error.status() {
        let code: u16 = code.into();
        // The first word of a refusal is its enhanced code, where the server speaks them (RFC 2034).
        let enhanced = error.source().map(ToString::to_string).as_deref().and_then(enhanced);
        return NotifyError::Rejected { may_retry: may_change(code, enhanced.as_deref()), host, code, enhanced };
    }
    if error.is_timeout() {
        NotifyError::Timeout { host }
    } else if is_about_tls(error) {
        NotifyError::Untrusted { host }
    } else if error.is_client() {
        NotifyError::Unsendable("the mail server lacks what it needs, such as STARTTLS, a way to sign in, or SMTPUTF8")
    } else {
        NotifyError::Unreachable { host }
    }
}

/// Whether it was TLS that failed; a handshake that ends early comes as an error of the connection.
fn is_about_tls(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let within = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let within = within.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if error.is::<rustls::Error>() || within.is_some() {
            return true;
        }
        cause = error.source();
    }
    error.is_tls()
}

/// Whether another try can help: with 4xx things change by themselves, and what is about us an operator mends.
fn may_change(code: u16, enhanced: Option<&str>) -> bool {
    if !(500..600).contains(&code) || ABOUT_US.contains(&code) {
        return true;
    }
    match enhanced {
        // A sender that is not taken, a server that is not itself, and a policy (RFC 3463) are nobody's address.
        Some(status) => ["5.1.7", "5.1.8", "5.3.", "5.4.", "5.7."].iter().any(|about_us| status.starts_with(about_us)),
        None => code == 554,
    }
}

fn enhanced(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let mut parts = word.split('.');
    let class = parts.next().filter(|class| matches!(*class, "4" | "5"));
    let rest = parts.filter(|part| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()));
    (class.is_some() && rest.count() == 2 && word.len() <= 9).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_person_is_final_and_one_of_us_is_not() {
        for (code, status, retry) in [
            (421, None, true),
            (450, Some("4.2.1"), true),
            (535, Some("5.7.8"), true),
            (530, None, true),
            (550, Some("5.1.1"), false),
            (550, None, false),
            (552, Some("5.2.2"), false),
            (553, Some("5.1.3"), false),
            (550, Some("5.1.8"), true),
            (550, Some("5.7.1"), true),
            (554, None, true),
            (554, Some("5.1.1"), false),
        ] {
            assert_eq!(may_change(code, status), retry, "{code} {status:?}");
        }
    }

    #[test]
    fn only_a_code_is_read_out_of_the_servers_words() {
        assert_eq!(enhanced("5.1.1 <ada@example.com> unknown").as_deref(), Some("5.1.1"));
        for text in ["ada@example.com unknown", "5.1 no", "5.1.1.1 no", "2.1.5 ok", "5.1.a", "", "5.1234.1"] {
            assert_eq!(enhanced(text), None, "{text:?}");
        }
    }
}
