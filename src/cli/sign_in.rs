//! `rekindle sign-in`: a one-time address that signs a browser in, for whoever has a shell.

use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use secrecy::ExposeSecret;
use serde::Serialize;
use tracing::warn;

use crate::app::App;
use crate::app::operators::Link;
use crate::cli::open::operator;
use crate::cli::{Common, output};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::act::Role;
use crate::domain::operator::Operator;

/// A one-time address for the browser
#[derive(Debug, Args)]
pub(super) struct SignIn {
    #[command(flatten)]
    common: Common,
    /// What it allows: viewer, operator or admin
    #[arg(long, default_value = "admin")]
    role: String,
}

#[derive(Serialize)]
struct Wire<'a> {
    url: &'a str,
    role: &'static str,
    expires_at: String,
}

impl SignIn {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let role = Role::parse(&self.role).with_context(|| {
            let known = Role::ALL.map(Role::as_str).join(", ");
            format!("--role {}: use {known}", self.role)
        })?;
        let (config, app) = self.common.app().await?;
        let link = app.invite_operator(role, &operator(None)).await?;
        let url = address(&config, config.listen.internal, &link);
        if self.common.json {
            output::json(&Wire { url: &url, role: role.as_str(), expires_at: link.expires_at.to_string() })?;
        } else {
            println!("{url}");
            let ends = output::time(link.expires_at, Clock::System.now());
            eprintln!("rekindle: this signs one browser in, once, until {ends}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where nobody ever had a way in, shows one to whoever started us by hand. It is a secret, so it goes to a terminal
/// or nowhere: what is not one may be kept.
pub(super) async fn welcome(config: &Config, app: &App, internal: SocketAddr) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let link = match app.nobody_signed_in_yet().await {
        Ok(true) => app.invite_operator(Role::Admin, &Operator::at_the_command_line("first start")).await,
        Ok(false) => return,
        Err(why) => Err(why.into()),
    };
    match link {
        Ok(link) => eprintln!(
            "\n  Nobody has signed in yet. Open this address within 15 minutes, once:\n\n    {}\n\n  `rekindle sign-in` \
             makes another.\n",
            address(config, internal, &link)
        ),
        Err(why) => warn!(error = %why, "no sign-in address could be made; `rekindle sign-in` makes one"),
    }
}

fn address(config: &Config, internal: SocketAddr, link: &Link) -> String {
    let path = link.path.expose_secret();
    config.sign_in.address(path).unwrap_or_else(|| {
        // What listens everywhere is reached here as well.
        let here = match internal.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new(IpAddr::from([127, 0, 0, 1]), internal.port()),
            IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(IpAddr::from([127, 0, 0, 1]), internal.port()),
            _ => internal,
        };
        format!("http://{here}{path}")
    })
}
