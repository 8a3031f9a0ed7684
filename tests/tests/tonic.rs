//! gRPC with tonic: a method finds the session of its request, over HTTP/2.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::pin::Pin;

use futures_util::Stream;
use session_runtime::axum::SessionLayer;
use session_runtime::store::{AnyStore, connect};
use session_runtime::{Keyring, SessionHandle, SessionSchema, Sessions};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

#[derive(SessionSchema)]
struct Visit {
    #[session(counter)]
    counter: u64,
}

/// A service with generated code: `check` counts visits.
struct Counting;

#[tonic::async_trait]
impl Health for Counting {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let handle = request.extensions().get::<SessionHandle>().unwrap();
        let session = handle.session::<Visit>().await.unwrap();
        let mut response = Response::new(HealthCheckResponse { status: 1 });
        response.metadata_mut().insert("seen", session.add_counter(1).into());
        Ok(response)
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not needed here"))
    }
}

async fn client(store: AnyStore) -> HealthClient<Channel> {
    let keys = Keyring::new([[7; 32]]).unwrap();
    let sessions = Sessions::builder(store).keys(keys).build().unwrap();
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder()
        .layer(SessionLayer::new(sessions))
        .add_service(HealthServer::new(Counting));
    tokio::spawn(server.serve_with_incoming(incoming));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    HealthClient::new(endpoint.connect().await.unwrap())
}

#[tokio::test]
async fn a_method_counts_in_the_session_of_its_cookie() {
    let mut client = client(connect("memory:").await.unwrap()).await;
    let first = client.check(HealthCheckRequest::default()).await.unwrap();
    let cookie = first.metadata().get("set-cookie").unwrap().to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap();

    let mut request = Request::new(HealthCheckRequest::default());
    request.metadata_mut().insert("cookie", cookie.parse().unwrap());
    let second = client.check(request).await.unwrap();
    assert_eq!(second.metadata().get("seen").unwrap(), "2");
    assert!(!second.metadata().contains_key("set-cookie"));
}

#[tokio::test]
async fn a_session_that_cannot_be_saved_is_unavailable() {
    // No server listens on this port.
    let mut client = client(connect("redis://127.0.0.1:1").await.unwrap()).await;
    let status = client.check(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}
