//! A way to a database server that can be cut and mended: to whoever goes through it, the server is gone and back.

use std::net::SocketAddr;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub struct Proxy {
    /// The database's URL by this way.
    pub url: String,
    open: Arc<watch::Sender<bool>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A way to the database of this URL, open.
    pub async fn to(url: &str) -> Self {
        let server: PgConnectOptions = url.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let through = through(url, listener.local_addr().unwrap());
        let open = Arc::new(watch::Sender::new(true));
        let accepting = tokio::spawn(accept(listener, server, open.clone()));
        Self { url: through, open, accepting }
    }

    /// Breaks every connection, and lets no new one through.
    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
        self.accepting.abort();
    }
}

fn through(url: &str, address: SocketAddr) -> String {
    let mut url = url::Url::parse(url).unwrap();
    // A socket's folder may stand in the query.
    url.set_query(None);
    url.set_ip_host(address.ip()).unwrap();
    url.set_port(Some(address.port())).unwrap();
    url.into()
}

async fn accept(listener: TcpListener, server: PgConnectOptions, open: Arc<watch::Sender<bool>>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let mut open = open.subscribe();
        if !*open.borrow() {
            continue;
        }
        let server = server.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = pass(client, &server) => {}
                _ = open.wait_for(|open| !open) => {}
            }
        });
    }
}

async fn pass(client: TcpStream, server: &PgConnectOptions) {
    let port = server.get_port();
    let folder = server.get_socket().map(|folder| folder.display().to_string());
    match folder.or_else(|| server.get_host().starts_with('/').then(|| server.get_host().to_owned())) {
        Some(folder) => {
            both_ways(client, UnixStream::connect(format!("{folder}/.s.PGSQL.{port}")).await.unwrap()).await;
        }
        None => both_ways(client, TcpStream::connect((server.get_host(), port)).await.unwrap()).await,
    }
}

async fn both_ways(mut client: TcpStream, mut server: impl AsyncRead + AsyncWrite + Unpin) {
    // Whichever side ends it ends it.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
