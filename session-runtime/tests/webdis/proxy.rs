//! A proxy that counts connections and can cut them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

#[derive(Clone, Default)]
pub(crate) struct Proxy {
    /// How many connections there have been.
    pub(crate) connections: Arc<AtomicUsize>,
    /// Whether answers are withheld: when one comes, its connection is closed.
    pub(crate) loses_answers: Arc<AtomicBool>,
    /// Closes all connections.
    pub(crate) cut: Arc<Notify>,
    pub(crate) url: String,
}

impl Proxy {
    /// A proxy for the server at this URL.
    pub(crate) async fn before(url: &str) -> Self {
        let server = url.trim_start_matches("webdis://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("webdis://{}", listener.local_addr().unwrap());
        let proxy = Self { url, ..Self::default() };
        let accepting = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, Ordering::Relaxed);
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(accepting.clone().pass(client, server));
            }
        });
        proxy
    }

    async fn pass(self, mut client: TcpStream, mut server: TcpStream) {
        let (mut request, mut answer) = (vec![0; 65_536], vec![0; 65_536]);
        loop {
            tokio::select! {
                Ok(read @ 1..) = client.read(&mut request) => {
                    server.write_all(&request[..read]).await.unwrap();
                }
                Ok(read @ 1..) = server.read(&mut answer) => {
                    if self.loses_answers.load(Ordering::Relaxed) {
                        return;
                    }
                    client.write_all(&answer[..read]).await.unwrap();
                }
                () = self.cut.notified() => return,
                else => return,
            }
        }
    }
}
