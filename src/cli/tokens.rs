//! `rekindle tokens`: what applications, customers and operators authenticate by.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::app::App;
use crate::app::operators::NewOperatorToken;
use crate::app::tokens::NewToken;
use crate::cli::open::operator;
use crate::cli::{Common, filters, output};
use crate::clock::Clock;
use crate::domain::act::Role;
use crate::domain::ids::{CustomerName, EnvironmentName, TokenId};
use crate::domain::operator::OperatorToken;
use crate::domain::rules::parse_duration;
use crate::domain::time::Timestamp;
use crate::domain::token::{Scope, Token};

#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Make a token, and show it once
    Create(Create),
    /// Every token, without its secret
    List(List),
    /// Make a token worthless at once
    Revoke(Revoke),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    common: Common,
    /// Whose it is or what it is for, in your words; an operator's name in the audit
    note: String,
    /// For an application, what it grants: inquiries:read, inquiries:write or access; several with commas
    #[arg(long, value_delimiter = ',', required_unless_present = "role", conflicts_with = "role")]
    scope: Vec<String>,
    /// For an operator, what it allows: viewer, operator or admin
    #[arg(long, conflicts_with = "customer")]
    role: Option<String>,
    /// In this environment only
    #[arg(long)]
    environment: Option<String>,
    /// With this customer's inquiries only
    #[arg(long)]
    customer: Option<String>,
    /// How long it is good, such as 90d; for ever without
    #[arg(long)]
    expires_after: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    #[command(flatten)]
    common: Common,
    /// The token's id, as `tokens list` shows it; no secret
    id: String,
}

/// A token as programs see it.
#[derive(Serialize)]
struct Wire {
    id: String,
    note: String,
    /// Of an application's token.
    scopes: Vec<&'static str>,
    /// Of an operator's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    environment: Option<String>,
    customer: Option<String>,
    state: &'static str,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
    /// Shown once, when it is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

impl Tokens {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Create(create) => create.run().await,
            Self::List(list) => list.run().await,
            Self::Revoke(revoke) => revoke.run().await,
        }
    }
}

impl Create {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let (wire, text) =
            if self.role.is_some() { self.operators(&app).await? } else { self.applications(&app).await? };
        if self.common.json {
            output::json(&Wire { token: Some(text.expose_secret().to_owned()), ..wire })?;
        } else {
            eprintln!("rekindle: made token {}; it is shown this once, so keep it now", wire.id);
            println!("{}", text.expose_secret());
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn applications(&self, app: &App) -> anyhow::Result<(Wire, SecretString)> {
        let scope = |word: &String| {
            let known = || Scope::ALL.map(Scope::as_str).join(", ");
            Scope::parse(word.trim()).with_context(|| format!("--scope {word}: use {}", known()))
        };
        let now = app.clock().now();
        let new = NewToken {
            note: self.note.clone(),
            scopes: self.scope.iter().map(scope).collect::<anyhow::Result<_>>()?,
            environment: self.environment()?,
            customer: filters::parsed("--customer", self.customer.as_deref(), CustomerName::parse)?,
            expires_at: self.expires_at(now)?,
        };
        let (token, text) = app.create_token(new, &operator(None)).await?;
        Ok((Wire::of(&token, now), text))
    }

    async fn operators(&self, app: &App) -> anyhow::Result<(Wire, SecretString)> {
        let word = self.role.as_deref().unwrap_or_default();
        let role = Role::parse(word).with_context(|| {
            let known = Role::ALL.map(Role::as_str).join(", ");
            format!("--role {word}: use {known}")
        })?;
        let now = app.clock().now();
        let (environment, expires_at) = (self.environment()?, self.expires_at(now)?);
        let new = NewOperatorToken { note: self.note.clone(), role, environment, expires_at };
        let (token, text) = app.create_operator_token(new, &operator(None)).await?;
        Ok((Wire::of_operator(&token, now), text))
    }

    fn environment(&self) -> anyhow::Result<Option<EnvironmentName>> {
        filters::parsed("--environment", self.environment.as_deref(), EnvironmentName::parse)
    }

    fn expires_at(&self, now: Timestamp) -> anyhow::Result<Option<Timestamp>> {
        let life = self.expires_after.as_deref().map(parse_duration).transpose();
        let life = life.map_err(|why| anyhow::anyhow!("--expires-after {why}"))?;
        Ok(life.map(|life| now.plus(life)))
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let now = Clock::System.now();
        let mut wires: Vec<Wire> = app.tokens().await?.iter().map(|token| Wire::of(token, now)).collect();
        wires.extend(app.operator_tokens().await?.iter().map(|token| Wire::of_operator(token, now)));
        if self.common.json {
            output::json(&wires)?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<Vec<String>> = wires.into_iter().map(|wire| wire.row(now)).collect();
        let headings = ["ID", "STATE", "GRANTS", "ENVIRONMENT", "CUSTOMER", "CREATED", "EXPIRES", "LAST USED", "NOTE"];
        output::table(&headings, &rows);
        Ok(ExitCode::SUCCESS)
    }
}

impl Revoke {
    async fn run(self) -> anyhow::Result<ExitCode> {
        // Whoever pastes the whole token must not find it in an error.
        let id = TokenId::parse(&self.id).ok().filter(|id| id.as_str().len() == 16);
        let id = id.context("that is no token's id; `rekindle tokens list` shows them")?;
        let (_, app) = self.common.app().await?;
        match app.revoke_token(&id, &operator(None)).await? {
            None => bail!("there is no token {id}; `rekindle tokens list` shows those there are"),
            Some(true) => println!("{id} is revoked"),
            Some(false) => println!("{id} was revoked already"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Wire {
    fn of(token: &Token, now: Timestamp) -> Self {
        let grant = &token.grant;
        Self {
            id: grant.token.to_string(),
            note: token.note.clone(),
            scopes: grant.scopes.iter().map(|scope| scope.as_str()).collect(),
            role: None,
            environment: grant.environment.as_ref().map(ToString::to_string),
            customer: grant.customer.as_ref().map(ToString::to_string),
            state: state(token.revoked_at, token.is_good(now)),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            token: None,
        }
    }

    fn of_operator(token: &OperatorToken, now: Timestamp) -> Self {
        Self {
            id: token.id.to_string(),
            note: token.note.clone(),
            scopes: Vec::new(),
            role: Some(token.role.as_str()),
            environment: token.environment.as_ref().map(ToString::to_string),
            customer: None,
            state: state(token.revoked_at, token.is_good(now)),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            token: None,
        }
    }

    fn row(self, now: Timestamp) -> Vec<String> {
        let time = |text: Option<String>| {
            let at = text.and_then(|text| Timestamp::parse(&text).ok());
            output::or_dash(at.map(|at| output::time(at, now)))
        };
        let grants = self.role.map_or_else(|| self.scopes.join(","), str::to_owned);
        vec![
            self.id,
            self.state.to_owned(),
            grants,
            output::or_dash(self.environment),
            output::or_dash(self.customer),
            time(Some(self.created_at)),
            time(self.expires_at),
            time(self.last_used_at),
            self.note,
        ]
    }
}

fn state(revoked_at: Option<Timestamp>, good: bool) -> &'static str {
    match revoked_at {
        Some(_) => "revoked",
        None if good => "good",
        None => "expired",
    }
}
