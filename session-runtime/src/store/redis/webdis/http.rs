//! HTTP connections to Webdis.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::store::StoreError;

/// A limited number of connections. Each has at most one request in flight, because Webdis answers
/// pipelined requests in any order.
///
/// This uses the connections of `hyper` without a client, because clients repeat requests by
/// themselves. Here a request is repeated only if a connection has written no byte of it.
pub(super) struct Pool {
    host: String,
    port: u16,
    authorization: Option<HeaderValue>,
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

type Connection = SendRequest<Full<Bytes>>;

impl Pool {
    pub(super) fn new(
        host: String,
        port: u16,
        authorization: Option<HeaderValue>,
        connections: usize,
    ) -> Self {
        let permits = Semaphore::new(connections);
        Self { host, port, authorization, permits, idle: Mutex::default() }
    }

    /// Posts a body and answers status and body of the response. Dropping the future closes the
    /// connection.
    pub(super) async fn post(&self, body: Bytes) -> Result<(StatusCode, Bytes), StoreError> {
        let _permit = self.permits.acquire().await.map_err(StoreError::backend)?;
        let mut request = self.request(body)?;
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let is_reused = idle.is_some();
            let mut connection = match idle {
                Some(connection) => connection,
                None => self.open().await?,
            };
            // This fails if Webdis has closed the connection meanwhile.
            if is_reused && connection.ready().await.is_err() {
                continue;
            }
            match connection.try_send_request(request).await {
                Ok(response) => {
                    let status = response.status();
                    let body = response.into_body().collect().await.map_err(StoreError::backend)?;
                    if !connection.is_closed() {
                        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
                    }
                    return Ok((status, body.to_bytes()));
                }
                Err(mut error) => match error.take_message() {
                    // No byte of the request was written.
                    Some(unsent) if is_reused => request = unsent,
                    _ => return Err(StoreError::backend(error.into_error())),
                },
            }
        }
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, StoreError> {
        let host = match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        };
        let mut request = Request::post("/").header(header::HOST, host);
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        request.body(Full::new(body)).map_err(StoreError::backend)
    }

    async fn open(&self) -> Result<Connection, StoreError> {
        let stream =
            TcpStream::connect((&*self.host, self.port)).await.map_err(StoreError::backend)?;
        stream.set_nodelay(true).map_err(StoreError::backend)?;
        let (connection, driver) =
            handshake(TokioIo::new(stream)).await.map_err(StoreError::backend)?;
        // The task ends with the connection. A request in flight gets the error.
        tokio::spawn(driver);
        Ok(connection)
    }
}
