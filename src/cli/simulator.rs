//! `rekindle simulator`: serves a simulated Persona, with everything at hand to try it out.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;
use jiff::SignedDuration;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::cli::{output, serve, telemetry};
use crate::clock::Clock;
use crate::config::{LogFormat, LogSettings};
use crate::domain::rules::{Step, parse_duration};
use crate::persona::simulator::{
    DEFAULT_TEMPLATE, EnvironmentSettings, Life, PRODUCTION_KEY, SANDBOX_KEY, Settings, TemplateSettings,
    WebhookSettings,
};

/// The webhook secret of the sandbox, unless another is given. It protects nothing: everyone knows it.
const SANDBOX_SECRET: &str = "wbhsec_simulated-sandbox-00000000";

/// The webhook secret of the production environment.
const PRODUCTION_SECRET: &str = "wbhsec_simulated-production-00000000";

/// The name of the environment that `--production` adds.
const PRODUCTION: &str = "production";

/// What stands for an environment's name in `--webhook-url`.
const PLACEHOLDER: &str = "{environment}";

/// Serve a simulated Persona
#[derive(Debug, Args)]
pub(super) struct Simulator {
    /// Where to answer; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// Where events are posted to; `{environment}` in it stands for an environment's name, as in
    /// `http://127.0.0.1:8700/webhooks/persona/{environment}`
    #[arg(long, value_name = "URL", value_parser = webhook_url)]
    webhook_url: Option<String>,
    /// What deliveries of the sandbox are signed with
    #[arg(long, value_name = "SECRET", default_value = SANDBOX_SECRET, value_parser = webhook_secret)]
    webhook_secret: String,
    /// The name of the sandbox environment
    #[arg(long, value_name = "NAME", default_value = "sandbox", value_parser = environment_name)]
    environment: String,
    /// Add a production environment, with a key and a webhook secret of its own
    #[arg(long)]
    production: bool,
    /// The API key of the sandbox
    #[arg(long, value_name = "KEY", default_value = SANDBOX_KEY, value_parser = api_key)]
    api_key: String,
    /// How long people have to finish
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = lifetime)]
    lifetime: SignedDuration,
    /// API requests allowed a minute, per environment
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_minute: u32,
    /// Where ids come from; the same seed gives the same ids
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Print one JSON document in place of the text
    #[arg(long)]
    json: bool,
}

/// Everything someone needs who wants to use the simulator. All secrets in it are simulated.
#[derive(Debug, Serialize)]
struct Leaflet {
    url: String,
    api_url: String,
    control_url: String,
    template: &'static str,
    lifetime: String,
    environments: Vec<Environment>,
    curl: Vec<String>,
    rekindle_toml: String,
}

#[derive(Debug, Serialize)]
struct Environment {
    name: String,
    api_key: String,
    webhook_secret: String,
    webhook_url: Option<String>,
}

impl Simulator {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        ensure!(
            !self.production || self.environment != PRODUCTION,
            "--environment and --production are both \"{PRODUCTION}\"; give the sandbox another name"
        );
        telemetry::install(&LogSettings { format: LogFormat::Text, filter: "warn".to_owned() })?;
        let listener = TcpListener::bind(self.listen)
            .await
            .with_context(|| format!("--listen {}: can't listen there; choose a free address", self.listen))?;
        let leaflet = self.leaflet(listener.local_addr()?);
        let simulated = crate::persona::simulator::Simulator::new(Clock::System, self.settings(&leaflet));
        let serving = simulated.serve(listener).await;
        let deliveries = simulated.start_background_delivery();
        if self.json {
            output::json(&leaflet)?;
        } else {
            println!("{}", leaflet.text());
        }
        serve::stop_signal().await?;
        deliveries.stop();
        serving.stop().await;
        Ok(ExitCode::SUCCESS)
    }

    fn environments(&self) -> Vec<Environment> {
        let sandbox = (&*self.environment, &*self.api_key, &*self.webhook_secret);
        let production = self.production.then_some((PRODUCTION, PRODUCTION_KEY, PRODUCTION_SECRET));
        let environment = |(name, api_key, secret): (&str, &str, &str)| Environment {
            name: name.to_owned(),
            api_key: api_key.to_owned(),
            webhook_secret: secret.to_owned(),
            webhook_url: self.webhook_url.as_ref().map(|url| url.replace(PLACEHOLDER, name)),
        };
        std::iter::once(sandbox).chain(production).map(environment).collect()
    }

    fn settings(&self, leaflet: &Leaflet) -> Settings {
        let environments = leaflet.environments.iter().map(|environment| {
            let settings = if environment.name == PRODUCTION && self.production {
                EnvironmentSettings::production(&environment.name)
            } else {
                EnvironmentSettings::sandbox(&environment.name)
            };
            let settings = settings.with_key(&*environment.api_key);
            match &environment.webhook_url {
                Some(url) => settings.with_webhook(WebhookSettings::new(url, &*environment.webhook_secret)),
                None => settings,
            }
        });
        let life = Life {
            from_creation: self.lifetime,
            from_start: None,
            from_resume: self.lifetime,
            one_time_link: self.lifetime,
        };
        Settings {
            seed: self.seed,
            public_base_url: Some(leaflet.url.clone()),
            environments: environments.collect(),
            templates: vec![TemplateSettings::new(DEFAULT_TEMPLATE).with_life(life)],
            requests_per_minute: self.requests_per_minute,
            ..Settings::default()
        }
    }

    fn leaflet(&self, address: SocketAddr) -> Leaflet {
        let url = format!("http://{}", within_reach(address));
        let (api_url, control_url) = (format!("{url}/api/v1"), format!("{url}/simulator"));
        let environments = self.environments();
        Leaflet {
            curl: curl(&api_url, &control_url, &self.api_key),
            rekindle_toml: rekindle_toml(&environments, &api_url),
            template: DEFAULT_TEMPLATE,
            lifetime: Step::Left(self.lifetime).to_string(),
            url,
            api_url,
            control_url,
            environments,
        }
    }
}

impl Leaflet {
    fn text(&self) -> String {
        let mut text = String::from(
            "A simulated Persona, until ctrl-c. Nobody is verified here, and its keys open nothing else.\n\n",
        );
        let mut row = |what: &str, value: &str| {
            let _ = writeln!(text, "  {what:<18}{value}");
        };
        row("API", &self.api_url);
        row("people's pages", &format!("{}/verify", self.url));
        row("control", &self.control_url);
        row("template", &format!("{} ({} to finish)", self.template, self.lifetime));
        for environment in &self.environments {
            row("environment", &environment.name);
            row("  API key", &environment.api_key);
            row("  webhook secret", &environment.webhook_secret);
            let unsent = "none: --webhook-url says where events go";
            row("  webhook", environment.webhook_url.as_deref().unwrap_or(unsent));
        }
        let _ = write!(
            text,
            "\nCreate an inquiry, as an application would, and be the person who begins and finishes it:\n\n{}\n\n\
             A rekindle.toml that fits:\n\n{}",
            self.curl.join("\n"),
            self.rekindle_toml
        );
        text
    }
}

/// An address that can be called: one that means "everywhere" means this machine to a caller.
fn within_reach(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        } else {
            IpAddr::V6(Ipv6Addr::LOCALHOST)
        });
    }
    address
}

fn curl(api_url: &str, control_url: &str, api_key: &str) -> Vec<String> {
    let body = format!(
        r#"{{"data":{{"attributes":{{"inquiry-template-id":"{DEFAULT_TEMPLATE}","reference-id":"customer-17"}}}}}}"#
    );
    let headers = format!("-H 'Authorization: Bearer {api_key}' -H 'Content-Type: application/json'");
    let person = |does: &str| format!("curl -s -X POST {control_url}/inquiries/$ID/{does}; echo");
    vec![
        format!(
            "ID=$(curl -s {api_url}/inquiries {headers} -d '{body}' | grep -o 'inq_[A-Za-z0-9]*' | head -n 1); echo $ID"
        ),
        person("start"),
        person("complete"),
    ]
}

fn rekindle_toml(environments: &[Environment], api_url: &str) -> String {
    let mut text = String::new();
    for Environment { name, api_key, webhook_secret, .. } in environments {
        let _ = write!(
            text,
            "[environments.{name}]\n\
             webhook_secrets = [\"{webhook_secret}\"]\n\
             api_key = \"{api_key}\"\n\
             api_url = \"{api_url}\"\n\n\
             [environments.{name}.templates.default]\n\
             reminders = [\"50%\", \"80%\"]\n\n"
        );
    }
    text.push_str("[notifiers.app]\ntype = \"log\"\n");
    text
}

fn webhook_url(text: &str) -> Result<String, String> {
    let url = url::Url::parse(&text.replace(PLACEHOLDER, "name")).map_err(|why| why.to_string())?;
    if matches!(url.scheme(), "http" | "https") { Ok(text.to_owned()) } else { Err("must be http or https".to_owned()) }
}

/// What Rekindle's own configuration takes for a webhook secret; others could not be used with it.
fn webhook_secret(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("wbhsec_").filter(|rest| rest.len() >= 16 && plain(rest));
    rest.map(|_| text.to_owned()).ok_or_else(|| "must be wbhsec_ and 16 letters, digits, - or _ at least".to_owned())
}

/// As for [`webhook_secret`].
fn api_key(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("persona_sandbox_").filter(|rest| plain(rest));
    rest.map(|_| text.to_owned()).ok_or_else(|| "must be persona_sandbox_ and letters, digits, - or _".to_owned())
}

fn environment_name(text: &str) -> Result<String, String> {
    let small = !text.is_empty() && text.len() <= 64 && plain(text) && !text.contains(|c: char| c.is_ascii_uppercase());
    if small { Ok(text.to_owned()) } else { Err("must be small letters, digits, - or _".to_owned()) }
}

fn lifetime(text: &str) -> Result<SignedDuration, String> {
    parse_duration(text).map_err(|why| why.to_string())
}

fn plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::config::Config;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        simulator: Simulator,
    }

    fn parsed(arguments: &[&str]) -> Result<Simulator, clap::Error> {
        let line = std::iter::once(&"rekindle").chain(arguments);
        CommandLine::try_parse_from(line).map(|line| line.simulator)
    }

    #[test]
    fn the_configuration_on_the_leaflet_is_one_that_rekindle_takes() {
        for arguments in [
            &[][..],
            &["--production", "--environment", "my-test_1", "--lifetime", "90s"],
            &["--api-key", "persona_sandbox_mine", "--webhook-secret", "wbhsec_0123456789abcdef"],
        ] {
            let simulator = parsed(arguments).unwrap();
            let leaflet = simulator.leaflet("0.0.0.0:8790".parse().unwrap());
            let config = Config::from_toml(&leaflet.rekindle_toml).unwrap();
            assert_eq!(config.environments.len(), leaflet.environments.len());
            assert_eq!(config.warnings(), Vec::<String>::new());
            assert!(leaflet.text().contains("http://127.0.0.1:8790/api/v1"), "{}", leaflet.text());
        }
    }

    #[test]
    fn each_environment_has_a_webhook_of_its_own() {
        let url = "http://127.0.0.1:8700/webhooks/persona/{environment}";
        let leaflet = parsed(&["--production", "--webhook-url", url]).unwrap().leaflet("[::]:1".parse().unwrap());
        let urls: Vec<_> = leaflet.environments.iter().filter_map(|found| found.webhook_url.as_deref()).collect();
        assert_eq!(urls, ["sandbox", "production"].map(|name| url.replace(PLACEHOLDER, name)));
        assert_ne!(leaflet.environments[0].webhook_secret, leaflet.environments[1].webhook_secret);
        assert_eq!(leaflet.url, "http://[::1]:1");
    }

    #[test]
    fn what_would_be_of_no_use_is_refused() {
        for wrong in [
            ["--webhook-url", "ftp://127.0.0.1/"],
            ["--webhook-url", "here"],
            ["--webhook-secret", "hunter2"],
            ["--webhook-secret", "wbhsec_short"],
            ["--api-key", "persona_production_mine"],
            ["--environment", "My Test"],
            ["--lifetime", "soon"],
            ["--requests-per-minute", "0"],
        ] {
            assert!(parsed(&wrong).is_err(), "{wrong:?}");
        }
    }
}
