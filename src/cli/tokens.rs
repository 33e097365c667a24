//! `rekindle tokens`: what applications and customers authenticate by.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::app::tokens::NewToken;
use crate::cli::{Common, filters, output};
use crate::clock::Clock;
use crate::domain::ids::{CustomerName, EnvironmentName, TokenId};
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
    /// What it is for, in your words
    note: String,
    /// What it grants: inquiries:read, inquiries:write or access; several with commas
    #[arg(long, value_delimiter = ',', required = true)]
    scope: Vec<String>,
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
    scopes: Vec<&'static str>,
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
        let scope = |word: &String| {
            let known = || Scope::ALL.map(Scope::as_str).join(", ");
            Scope::parse(word.trim()).with_context(|| format!("--scope {word}: use {}", known()))
        };
        let (_, app) = self.common.app().await?;
        let now = app.clock().now();
        let life = self.expires_after.as_deref().map(parse_duration).transpose();
        let life = life.map_err(|why| anyhow::anyhow!("--expires-after {why}"))?;
        let new = NewToken {
            note: self.note,
            scopes: self.scope.iter().map(scope).collect::<anyhow::Result<_>>()?,
            environment: filters::parsed("--environment", self.environment.as_deref(), EnvironmentName::parse)?,
            customer: filters::parsed("--customer", self.customer.as_deref(), CustomerName::parse)?,
            expires_at: life.map(|life| now.plus(life)),
        };
        let (token, text) = app.create_token(new).await?;
        if self.common.json {
            output::json(&Wire::of(&token, now, Some(text.expose_secret().to_owned())))?;
        } else {
            eprintln!("rekindle: made token {}; it is shown this once, so keep it now", token.grant.token);
            println!("{}", text.expose_secret());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self) -> anyhow::Result<ExitCode> {
        let (_, app) = self.common.app().await?;
        let tokens = app.tokens().await?;
        let now = Clock::System.now();
        if self.common.json {
            let wires: Vec<Wire> = tokens.iter().map(|token| Wire::of(token, now, None)).collect();
            output::json(&wires)?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<Vec<String>> = tokens.iter().map(|token| row(token, now)).collect();
        let headings = ["ID", "STATE", "SCOPES", "ENVIRONMENT", "CUSTOMER", "CREATED", "EXPIRES", "LAST USED", "NOTE"];
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
        match app.revoke_token(&id).await? {
            None => bail!("there is no token {id}; `rekindle tokens list` shows those there are"),
            Some(true) => println!("{id} is revoked"),
            Some(false) => println!("{id} was revoked already"),
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Wire {
    fn of(token: &Token, now: Timestamp, text: Option<String>) -> Self {
        let grant = &token.grant;
        Self {
            id: grant.token.to_string(),
            note: token.note.clone(),
            scopes: grant.scopes.iter().map(|scope| scope.as_str()).collect(),
            environment: grant.environment.as_ref().map(ToString::to_string),
            customer: grant.customer.as_ref().map(ToString::to_string),
            state: state(token, now),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
            token: text,
        }
    }
}

fn state(token: &Token, now: Timestamp) -> &'static str {
    match token.revoked_at {
        Some(_) => "revoked",
        None if token.is_good(now) => "good",
        None => "expired",
    }
}

fn row(token: &Token, now: Timestamp) -> Vec<String> {
    let grant = &token.grant;
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.as_str()).collect();
    vec![
        grant.token.to_string(),
        state(token, now).to_owned(),
        scopes.join(","),
        output::or_dash(grant.environment.as_ref()),
        output::or_dash(grant.customer.as_ref()),
        output::time(token.created_at, now),
        output::or_dash(token.expires_at.map(|at| output::time(at, now))),
        output::or_dash(token.last_used_at.map(|at| output::time(at, now))),
        token.note.clone(),
    ]
}
