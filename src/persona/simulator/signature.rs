//! The `Persona-Signature` of a delivery (<https://docs.withpersona.com/webhooks-best-practices>).

use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use sha2::Sha256;

use super::webhook::WebhookSecret;
use crate::domain::time::Timestamp;

/// One `t=…,v1=…` group for each secret that still counts, separated by one space.
pub(super) fn sign(secrets: &[WebhookSecret], body: &[u8], now: Timestamp) -> String {
    let live = secrets.iter().filter(|secret| secret.expires_at.is_none_or(|expires_at| now < expires_at));
    let groups: Vec<String> = live.map(|secret| group(secret.value.expose_secret(), body, now.as_second())).collect();
    groups.join(" ")
}

fn group(secret: &str, body: &[u8], seconds: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={seconds},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(value: &str, expires_at: Option<i64>) -> WebhookSecret {
        WebhookSecret { value: value.into(), expires_at: expires_at.map(Timestamp::from_second) }
    }

    /// The digest was computed with `openssl dgst -sha256 -hmac` over the same text.
    #[test]
    fn the_whole_secret_is_the_key_over_time_and_body() {
        let body = br#"{"data":{"type":"event","id":"evt_test","attributes":{"name":"inquiry.expired"}}}"#;
        let secrets = [secret("wbhsec_00000000-1111-2222-3333-444444444444", None)];
        assert_eq!(
            sign(&secrets, body, Timestamp::from_second(1_764_686_826)),
            "t=1764686826,v1=df4351def04ddf19b6a55eda41f6717da2f513f7ef91412d1a19531418580c6e"
        );
    }

    #[test]
    fn a_secret_signs_until_it_has_been_rotated_out() {
        let secrets = [secret("wbhsec_new", None), secret("wbhsec_old", Some(100))];
        let signature = sign(&secrets, b"{}", Timestamp::from_second(99));
        assert_eq!(signature.split(' ').count(), 2);
        assert!(signature.split(' ').all(|group| group.starts_with("t=99,v1=")));
        assert_eq!(sign(&secrets, b"{}", Timestamp::from_second(100)).split(' ').count(), 1);
    }
}
