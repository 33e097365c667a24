//! As much of a mail server as a client needs (RFC 5321), on loopback, for whoever comes.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncReadExt as _, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::Kept;

/// The longest line that is read, in bytes: RFC 5321 allows 1,000 in a message.
const LINE_BYTES: u64 = 4_096;

/// The longest message, in bytes.
const MESSAGE_BYTES: usize = 1024 * 1024;

/// Serves until it is stopped.
pub(super) async fn serve(listener: TcpListener, kept: Arc<Kept>) {
    let mut clients = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let kept = kept.clone();
        // A client that breaks off has handed nothing in.
        clients.spawn(async move {
            let _ = talk(BufStream::new(stream), &kept).await;
        });
        while clients.try_join_next().is_some() {}
    }
}

async fn talk(mut client: BufStream<TcpStream>, kept: &Kept) -> io::Result<()> {
    say(&mut client, "220 demo mailbox").await?;
    let mut recipients = 0;
    while let Some(line) = line(&mut client).await? {
        let verb = line.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "EHLO" => "250-demo mailbox\r\n250-8BITMIME\r\n250 SMTPUTF8",
            "HELO" | "NOOP" => "250 OK",
            "MAIL" | "RSET" => {
                recipients = 0;
                "250 OK"
            }
            "RCPT" => {
                recipients += 1;
                "250 OK"
            }
            "DATA" if recipients == 0 => "503 RCPT first",
            "DATA" => {
                say(&mut client, "354 end with a dot").await?;
                match message(&mut client).await? {
                    Some(message) if kept.take(&message) => "250 OK",
                    Some(_) => "554 no message that people can use",
                    None => "552 too long",
                }
            }
            "QUIT" => {
                say(&mut client, "221 bye").await?;
                return Ok(());
            }
            _ => "502 not known here",
        };
        say(&mut client, answer).await?;
    }
    Ok(())
}

async fn say(client: &mut BufStream<TcpStream>, answer: &str) -> io::Result<()> {
    client.write_all(answer.as_bytes()).await?;
    client.write_all(b"\r\n").await?;
    client.flush().await
}

/// The next line without its end; `None` at the end of the connection.
async fn line(client: &mut BufStream<TcpStream>) -> io::Result<Option<String>> {
    let bytes = raw_line(client).await?;
    Ok((!bytes.is_empty()).then(|| String::from_utf8_lossy(&bytes).trim_end().to_owned()))
}

async fn raw_line(client: &mut BufStream<TcpStream>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    client.take(LINE_BYTES).read_until(b'\n', &mut bytes).await?;
    Ok(bytes)
}

/// The message up to the lone dot, which is read to its end even where it is too long: then there is none.
async fn message(client: &mut BufStream<TcpStream>) -> io::Result<Option<Vec<u8>>> {
    let (mut message, mut fits) = (Vec::new(), true);
    loop {
        let line = raw_line(client).await?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(fits.then_some(message));
        }
        fits &= message.len() + line.len() <= MESSAGE_BYTES;
        if fits {
            // A dot at the beginning of a line was doubled on the way (RFC 5321, 4.5.2).
            message.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
    }
}
