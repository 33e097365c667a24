//! What breaks, and when: chosen from the seed.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use super::fleet::Fleet;
use super::random::Random;
use crate::support::postgres::{Own, Stop};

/// What was done to the database server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outages {
    pub stops: u32,
    pub connections_cut: u64,
}

/// One thing that breaks.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Kill,
    SoftStop,
    Freeze,
    CutConnections,
    StopServer,
}

/// Breaks things for so long; everything runs again, or is about to, when it returns.
pub async fn rage(seed: u64, load: Duration, fleet: &Arc<Fleet>, server: Option<&mut Own>) -> Outages {
    let mut random = Random::of(seed, "chaos");
    let ends = tokio::time::Instant::now() + load;
    let (mut outages, mut thaws) = (Outages::default(), tokio::task::JoinSet::new());
    let mut server = server;
    loop {
        // Now and then there is time to get something done.
        let calm = if random.percent(25) { random.millis(1_000..4_000) } else { random.millis(150..1_000) };
        tokio::time::sleep(calm).await;
        if tokio::time::Instant::now() >= ends {
            break;
        }
        let victim = random.index(fleet.len());
        match blow(&mut random, server.is_some()) {
            Blow::Kill => fleet.kill(victim),
            Blow::SoftStop => fleet.ask_to_stop(victim),
            Blow::Freeze => {
                let how_long = random.millis(300..4_000);
                if fleet.freeze(victim) {
                    let fleet = fleet.clone();
                    thaws.spawn(async move {
                        tokio::time::sleep(how_long).await;
                        fleet.thaw(victim);
                    });
                }
            }
            Blow::CutConnections => {
                let remainder = random.within(0..2);
                if let Some(server) = &server {
                    outages.connections_cut += cut(&server.url, remainder).await.unwrap_or(0);
                }
            }
            Blow::StopServer => {
                let how = if random.percent(60) { Stop::Immediate } else { Stop::Fast };
                let how_long = random.millis(200..2_000);
                if let Some(server) = &mut server {
                    server.stop(how);
                    tokio::time::sleep(how_long).await;
                    server.start();
                    outages.stops += 1;
                }
            }
        }
    }
    while let Some(thawed) = thaws.join_next().await {
        thawed.unwrap();
    }
    outages
}

fn blow(random: &mut Random, with_server: bool) -> Blow {
    let sides = if with_server { 100 } else { 65 };
    match random.within(0..sides) {
        0..45 => Blow::Kill,
        45..55 => Blow::SoftStop,
        55..65 => Blow::Freeze,
        65..88 => Blow::CutConnections,
        _ => Blow::StopServer,
    }
}

/// Ends about half of the connections that the processes have; how many there were.
async fn cut(url: &str, remainder: u64) -> Result<u64, sqlx::Error> {
    let mut connection = url.parse::<PgConnectOptions>()?.connect().await?;
    let cut: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'rekindle' AND pid % 2 = $1",
    )
    .bind(i32::try_from(remainder).unwrap())
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(cut.unsigned_abs())
}
