//! Asks a provider: for its endpoints and keys, which are remembered, and for what a code is worth.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use reqwest::{Client, RequestBuilder, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::discovery::{self, Document};
use super::error::OidcError;
use super::id_token::{Expected, IdToken};
use super::keys::KeySet;
use super::sign_in::{Begun, Browser, Identity, Returned, groups};
use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::tls;

/// How long the provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer that is read, in bytes.
const MOST_BYTES: usize = 512 * 1024;

/// How long what a provider says of itself is believed.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(1);

/// How often keys are asked for at most because a token names one that is not known: anybody can name one.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(30);

/// Which provider, and who we are to it.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Who it is, exactly as it says itself.
    pub issuer: String,
    /// Who we are.
    pub client_id: String,
    /// By what it knows us.
    pub client_secret: Option<SecretString>,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim with somebody's name for the audit.
    pub name_claim: String,
    /// The claim with their groups.
    pub groups_claim: String,
    /// Where the browser comes back to.
    pub callback: String,
}

/// An OpenID provider. Clones share what it said of itself.
#[derive(Clone)]
pub struct Provider {
    settings: Arc<ProviderSettings>,
    http: Client,
    clock: Clock,
    known: Arc<Mutex<Known>>,
}

/// What it said, and when.
#[derive(Default)]
struct Known {
    document: Option<(Arc<Document>, Timestamp)>,
    keys: Option<(Arc<KeySet>, Timestamp)>,
}

/// What a code is worth.
#[derive(Deserialize)]
struct Tokens {
    id_token: SecretString,
    access_token: Option<SecretString>,
}

impl Provider {
    /// A client for one provider. Asks nothing yet.
    ///
    /// # Errors
    /// [`OidcError::Tls`].
    pub fn new(settings: ProviderSettings, clock: Clock) -> Result<Self, OidcError> {
        tls::install();
        let http = Client::builder()
            .user_agent(concat!("rekindle/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(PATIENCE)
            .timeout(PATIENCE);
        let plain = settings.issuer.parse().is_ok_and(|issuer: Url| tls::is_plain(&issuer));
        let http = if plain { http.no_proxy() } else { http };
        let http = http.build().map_err(|error| OidcError::Tls(error.to_string()))?;
        Ok(Self { settings: Arc::new(settings), http, clock, known: Arc::default() })
    }

    /// Begins a sign-in of a browser.
    ///
    /// # Errors
    /// [`OidcError`] when the provider does not say where to send it.
    pub async fn begin(&self, browser: &Browser) -> Result<Begun, OidcError> {
        let document = self.document().await?;
        let mut address = document.authorization_endpoint.clone();
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid"));
        let state = browser.state();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.callback)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &browser.nonce())
            .append_pair("code_challenge", &browser.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(Begun { address, state })
    }

    /// Who came back with a browser. Its state was compared before.
    ///
    /// # Errors
    /// [`OidcError`] when the code is worth nothing, or what it is worth is not good.
    pub async fn finish(&self, browser: &Browser, returned: &Returned) -> Result<Identity, OidcError> {
        let document = self.document().await?;
        let must_say = document.authorization_response_iss_parameter_supported;
        let says = returned.issuer.as_deref();
        if says.map_or(must_say, |says| says != self.settings.issuer) {
            return Err(OidcError::MixedUp);
        }
        let tokens = self.exchange(&document, browser, returned).await?;
        let token = IdToken::parse(tokens.id_token.expose_secret())?;
        let keys = self.keys(&document, token.kid()).await?;
        let nonce = browser.nonce();
        let Self { settings, clock, .. } = self;
        let ProviderSettings { issuer, client_id, .. } = &**settings;
        let claims = token.checked(&keys, &Expected { issuer, client_id, nonce: &nonce, now: clock.now() })?;
        let claims = self.with_groups(claims, &document, tokens.access_token.as_ref()).await?;
        Ok(Identity::of(&claims, &settings.name_claim, &settings.groups_claim))
    }

    async fn exchange(&self, document: &Document, browser: &Browser, returned: &Returned) -> Result<Tokens, OidcError> {
        let ProviderSettings { client_id, client_secret, .. } = &*self.settings;
        let mut request = self.http.post(document.token_endpoint.clone());
        let in_form = client_secret.as_ref().filter(|_| document.secret_in_form());
        if let Some(secret) = client_secret.as_ref().filter(|_| in_form.is_none()) {
            // RFC 6749, 2.3.1: both are encoded as in a form before they are put together.
            request = request.basic_auth(encoded(client_id), Some(encoded(secret.expose_secret())));
        }
        let form = self.form(browser, returned, in_form);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        answer("token endpoint", request).await
    }

    /// What is sent for a code.
    fn form(&self, browser: &Browser, returned: &Returned, client_secret: Option<&SecretString>) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", returned.code.expose_secret())
            .append_pair("redirect_uri", &self.settings.callback)
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("code_verifier", browser.verifier().expose_secret());
        if let Some(secret) = client_secret {
            form.append_pair("client_secret", secret.expose_secret());
        }
        form.finish()
    }

    /// The claims, with those of the userinfo endpoint where the ID token says nothing of groups.
    async fn with_groups(
        &self,
        claims: Value,
        document: &Document,
        access_token: Option<&SecretString>,
    ) -> Result<Value, OidcError> {
        let (Some(endpoint), Some(access_token)) = (&document.userinfo_endpoint, access_token) else {
            return Ok(claims);
        };
        if groups(&claims, &self.settings.groups_claim).is_some() {
            return Ok(claims);
        }
        let request = self.http.get(endpoint.clone()).bearer_auth(access_token.expose_secret());
        let more: Value = answer("userinfo endpoint", request).await?;
        if more.get("sub").is_none() || more.get("sub") != claims.get("sub") {
            return Err(OidcError::Token("the userinfo endpoint speaks of somebody else"));
        }
        Ok(more)
    }

    async fn document(&self) -> Result<Arc<Document>, OidcError> {
        let now = self.clock.now();
        let known = self.known(|known| known.document.clone());
        if let Some((document, at)) = known
            && now.since(at) < REMEMBERED
        {
            return Ok(document);
        }
        let part = "discovery document";
        let address = discovery::address(&self.settings.issuer).ok_or(OidcError::Unreadable(part))?;
        let document: Document = answer(part, self.http.get(address)).await?;
        let document = Arc::new(document.checked(&self.settings.issuer)?);
        self.known(|known| known.document = Some((document.clone(), now)));
        Ok(document)
    }

    /// The keys, asked for again when one is named that is not among them.
    async fn keys(&self, document: &Document, kid: Option<&str>) -> Result<Arc<KeySet>, OidcError> {
        let now = self.clock.now();
        if let Some((keys, at)) = self.known(|known| known.keys.clone()) {
            let age = now.since(at);
            if age < ASK_AGAIN || (age < REMEMBERED && keys.has(kid)) {
                return Ok(keys);
            }
        }
        let keys: KeySet = answer("key set", self.http.get(document.jwks_uri.clone())).await?;
        let keys = Arc::new(keys);
        self.known(|known| known.keys = Some((keys.clone(), now)));
        Ok(keys)
    }

    fn known<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sends a request, and reads the answer within limits.
async fn answer<T: DeserializeOwned>(part: &'static str, request: RequestBuilder) -> Result<T, OidcError> {
    let sent = request.header("accept", "application/json").send().await;
    let mut response = sent.map_err(|_| OidcError::Unreachable(part))?;
    let status = response.status();
    if !status.is_success() {
        return Err(OidcError::Refused { part, status: status.as_u16() });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| OidcError::Unreachable(part))? {
        if body.len() + chunk.len() > MOST_BYTES {
            return Err(OidcError::Unreadable(part));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| OidcError::Unreadable(part))
}

fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
