//! A small OpenID provider, strict about what it is asked, with real RS256 signatures, and able to misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rekindle::clock::Clock;
use ring::rand::SystemRandom;
use ring::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

pub const CLIENT: &str = "rekindle client";
pub const SECRET: &str = "a+secret/with=signs";

/// Two keys, so that one can be rotated out. Made for this test, and worth nothing.
const KEYS: [(&str, &[u8]); 2] = [
    ("a", include_bytes!("../../../fixtures/oidc/provider-a.pk8")),
    ("b", include_bytes!("../../../fixtures/oidc/provider-b.pk8")),
];

/// What it changes in a token before it signs it.
type Mischief = Box<dyn Fn(&mut Value) + Send>;

#[derive(Clone)]
pub struct TestProvider {
    pub issuer: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    /// Whose browser it is: claims of the ID token, and of the userinfo endpoint.
    person: (Value, Value),
    codes: BTreeMap<String, Code>,
    made: usize,
    /// Which of the keys signs, and which are published.
    signs: usize,
    published: Vec<usize>,
    algorithm: &'static str,
    mischief: Mischief,
    issuer_in_answer: Option<String>,
    asked_for_keys: usize,
    clock: Clock,
}

struct Code {
    challenge: String,
    nonce: String,
    redirect_uri: String,
}

type Asked = BTreeMap<String, String>;

impl TestProvider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let person = (json!({ "sub": "1", "email": "ada@example.com", "groups": ["on-call", "staff"] }), Value::Null);
        let inner = Inner {
            person,
            codes: BTreeMap::new(),
            made: 0,
            signs: 0,
            published: vec![0],
            algorithm: "RS256",
            mischief: Box::new(|_| {}),
            issuer_in_answer: Some(issuer.clone()),
            asked_for_keys: 0,
            clock: Clock::default(),
        };
        let provider = Self { issuer, inner: Arc::new(Mutex::new(inner)) };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum_serve(listener, routes).await });
        provider
    }

    /// Goes by the world's clock, which is there only after the provider is.
    pub fn go_by(&self, clock: &Clock) {
        self.inner.lock().unwrap().clock = clock.clone();
    }

    /// Somebody else sits at the browser.
    pub fn person(&self, id_token: Value, userinfo: Value) {
        self.inner.lock().unwrap().person = (id_token, userinfo);
    }

    pub fn mischief(&self, mischief: impl Fn(&mut Value) + Send + 'static) {
        self.inner.lock().unwrap().mischief = Box::new(mischief);
    }

    pub fn algorithm(&self, algorithm: &'static str) {
        self.inner.lock().unwrap().algorithm = algorithm;
    }

    pub fn issuer_in_answer(&self, issuer: Option<&str>) {
        self.inner.lock().unwrap().issuer_in_answer = issuer.map(str::to_owned);
    }

    pub fn sign_with(&self, key: usize, published: &[usize]) {
        let mut inner = self.inner.lock().unwrap();
        (inner.signs, inner.published) = (key, published.to_vec());
    }

    pub fn asked_for_keys(&self) -> usize {
        self.inner.lock().unwrap().asked_for_keys
    }
}

async fn axum_serve(listener: TcpListener, routes: Router) {
    let limits = rekindle::config::Config::from_toml("").unwrap().limits;
    let limits = rekindle::http::server::ServerLimits::new(&limits, std::time::Duration::ZERO);
    rekindle::http::server::serve(listener, routes, limits, std::future::pending()).await;
}

async fn discovery(State(provider): State<TestProvider>) -> Json<Value> {
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/userinfo"), "response_types_supported": ["code"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

async fn authorize(State(provider): State<TestProvider>, Query(asked): Query<Asked>) -> Response {
    let fine = asked["response_type"] == "code"
        && asked["client_id"] == CLIENT
        && asked["code_challenge_method"] == "S256"
        && asked["scope"].split(' ').any(|scope| scope == "openid");
    if !fine {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut inner = provider.inner.lock().unwrap();
    inner.made += 1;
    let code = format!("code-{}", inner.made);
    let asked_for = Code {
        challenge: asked["code_challenge"].clone(),
        nonce: asked["nonce"].clone(),
        redirect_uri: asked["redirect_uri"].clone(),
    };
    inner.codes.insert(code.clone(), asked_for);
    let mut back: url::Url = asked["redirect_uri"].parse().unwrap();
    back.query_pairs_mut().append_pair("code", &code).append_pair("state", &asked["state"]);
    if let Some(issuer) = &inner.issuer_in_answer {
        back.query_pairs_mut().append_pair("iss", issuer);
    }
    Redirect::to(back.as_str()).into_response()
}

async fn token(State(provider): State<TestProvider>, headers: HeaderMap, Form(asked): Form<Asked>) -> Response {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET))));
    let mut inner = provider.inner.lock().unwrap();
    // A code is worth something once, to whoever asked for it, and is gone with the first try.
    let code = inner.codes.remove(&asked["code"]);
    let verifier = URL_SAFE_NO_PAD.encode(Sha256::digest(asked["code_verifier"].as_bytes()));
    let fine = headers.get("authorization").is_some_and(|shown| *shown == *basic)
        && asked["grant_type"] == "authorization_code"
        && code.as_ref().is_some_and(|code| code.challenge == verifier && code.redirect_uri == asked["redirect_uri"]);
    let Some(code) = code.filter(|_| fine) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let now = inner.clock.now().as_second();
    let mut claims = inner.person.0.clone();
    let own = json!({ "iss": provider.issuer, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": code.nonce });
    claims.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    (inner.mischief)(&mut claims);
    let token = signed(KEYS[inner.signs], inner.algorithm, &claims);
    Json(json!({ "id_token": token, "access_token": "an access token", "token_type": "Bearer" })).into_response()
}

async fn keys(State(provider): State<TestProvider>) -> Json<Value> {
    let mut inner = provider.inner.lock().unwrap();
    inner.asked_for_keys += 1;
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let published = inner.published.iter().map(|key| {
        let (kid, pkcs8) = KEYS[*key];
        let public = RsaPublicKeyComponents::<Vec<u8>>::from(RsaKeyPair::from_pkcs8(pkcs8).unwrap().public_key());
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": encode(&public.n), "e": encode(&public.e) })
    });
    let odd = json!({ "kty": "of tomorrow", "x": 5 });
    Json(json!({ "keys": published.chain([odd]).collect::<Vec<_>>() }))
}

async fn userinfo(State(provider): State<TestProvider>, headers: HeaderMap) -> Response {
    if headers.get("authorization").is_none_or(|shown| shown != "Bearer an access token") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(provider.inner.lock().unwrap().person.1.clone()).into_response()
}

fn signed((kid, pkcs8): (&str, &[u8]), algorithm: &str, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&json!({ "alg": algorithm, "kid": kid })), encode(claims));
    let key = RsaKeyPair::from_pkcs8(pkcs8).unwrap();
    let mut signature = match algorithm {
        "none" => Vec::new(),
        _ => vec![0; key.public().modulus_len()],
    };
    if !signature.is_empty() {
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
    }
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
