//! A provider's keys, and whether one of them signed something (<https://www.rfc-editor.org/rfc/rfc7517>).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use serde::Deserialize;

/// A key set. A key that can't be understood is passed over: a provider may have some for other things.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct KeySet {
    keys: Vec<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// How an ID token may be signed. There is no entry for `none`, nor for what is made with a shared secret.
#[derive(Clone, Copy)]
enum Algorithm {
    Rsa(&'static RsaParameters),
    Curve(&'static str, &'static dyn VerificationAlgorithm),
    Edwards,
}

impl KeySet {
    /// Whether there is a key of that name; any will do where the token names none.
    pub(super) fn has(&self, kid: Option<&str>) -> bool {
        self.known().any(|key| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid)))
    }

    /// Whether one of the keys made this signature of a message, by this algorithm.
    pub(super) fn made(&self, algorithm: &str, kid: Option<&str>, message: &[u8], signature: &[u8]) -> bool {
        let Some(how) = Algorithm::of(algorithm) else { return false };
        let named = |key: &Key| kid.is_none_or(|kid| key.kid.as_deref() == Some(kid));
        let meant = |key: &Key| {
            key.purpose.as_deref().is_none_or(|purpose| purpose == "sig")
                && key.alg.as_deref().is_none_or(|of| of == algorithm)
        };
        self.known().filter(|key| named(key) && meant(key)).any(|key| key.made(how, message, signature).is_some())
    }

    fn known(&self) -> impl Iterator<Item = Key> {
        self.keys.iter().filter_map(|key| serde_json::from_value(key.clone()).ok())
    }
}

impl Algorithm {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&signature::RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Curve("P-256", &signature::ECDSA_P256_SHA256_FIXED),
            "ES384" => Self::Curve("P-384", &signature::ECDSA_P384_SHA384_FIXED),
            "EdDSA" => Self::Edwards,
            _ => return None,
        })
    }
}

impl Key {
    fn made(&self, how: Algorithm, message: &[u8], signature: &[u8]) -> Option<()> {
        let bytes = |part: &Option<String>| URL_SAFE_NO_PAD.decode(part.as_deref()?).ok();
        match how {
            Algorithm::Rsa(parameters) if self.kty == "RSA" => {
                // Some write a number with zeros before it, which ring does not take.
                let number = |part| Some(bytes(part)?.into_iter().skip_while(|byte| *byte == 0).collect::<Vec<u8>>());
                let key = RsaPublicKeyComponents { n: number(&self.n)?, e: number(&self.e)? };
                key.verify(parameters, message, signature).ok()
            }
            Algorithm::Curve(curve, algorithm) if self.kty == "EC" && self.crv.as_deref() == Some(curve) => {
                // The point as it is, uncompressed.
                let point = [&[4][..], &bytes(&self.x)?, &bytes(&self.y)?].concat();
                UnparsedPublicKey::new(algorithm, point).verify(message, signature).ok()
            }
            Algorithm::Edwards if self.kty == "OKP" && self.crv.as_deref() == Some("Ed25519") => {
                UnparsedPublicKey::new(&signature::ED25519, bytes(&self.x)?).verify(message, signature).ok()
            }
            _ => None,
        }
    }
}
