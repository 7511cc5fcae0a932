//! gRPC over sockets that are there already: what one side serves and what it calls.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use prost::Message;
use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio_stream::StreamExt;
use tonic::body::Body;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::http::{Request, Response, Uri};
use tonic::server::NamedService;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

use crate::watched::Watched;

/// A failure of the connection itself.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What a call gives in time.
pub type Answer<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Connects to a server at the other end of a socket.
///
/// # Errors
///
/// When it does not speak HTTP/2.
pub async fn connect(socket: UnixStream) -> Result<Channel, Error> {
    let mut socket = Some(TokioIo::new(socket));
    // Nobody looks the name up: the connection is there.
    let endpoint = Endpoint::from_static("http://buck2.invalid");
    let connector = service_fn(move |_: Uri| {
        let socket = socket.take();
        async { socket.ok_or_else(|| io::Error::other("the connection is gone")) }
    });
    Ok(endpoint.connect_with_connector(connector).await?)
}

/// Calls a method, such as `/buck.test.TestOrchestrator/Execute2`.
///
/// # Errors
///
/// What the other side answers, or that it does not.
pub async fn call<Q, A>(channel: &Channel, path: &'static str, request: Q) -> Result<A, Status>
where
    Q: Message + 'static,
    A: Message + Default + 'static,
{
    let mut client = tonic::client::Grpc::new(channel.clone())
        .max_decoding_message_size(usize::MAX)
        .max_encoding_message_size(usize::MAX);
    client
        .ready()
        .await
        .map_err(|error| Status::new(Code::Unavailable, error.to_string()))?;
    let path = PathAndQuery::from_static(path);
    let request = tonic::Request::new(request);
    let answer = client.unary(request, path, ProstCodec::<Q, A>::default());
    Ok(answer.await?.into_inner())
}

/// Answers one method, whose name it is told without the service's; none for one that it does not know.
pub type Methods = Arc<dyn Fn(&str, Request<Body>) -> Option<Answer<Response<Body>>> + Send + Sync>;

/// Decodes the request of a method, and encodes what `handle` gives.
pub fn unary<Q, A, F>(
    request: Request<Body>,
    handle: impl FnOnce(Q) -> F + Send + 'static,
) -> Answer<Response<Body>>
where
    Q: Message + Default + 'static,
    A: Message + 'static,
    F: Future<Output = Result<A, Status>> + Send + 'static,
{
    Box::pin(async move {
        let mut handle = Some(handle);
        let method = service_fn(move |request: tonic::Request<Q>| {
            let handle = handle.take();
            async move {
                match handle {
                    Some(handle) => handle(request.into_inner()).await.map(tonic::Response::new),
                    None => Err(Status::internal("a method is called once")),
                }
            }
        });
        let mut server = tonic::server::Grpc::new(ProstCodec::<A, Q>::default())
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        server.unary(method, request).await
    })
}

macro_rules! service {
    ($(#[$doc:meta])* $name:ident, $path:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(pub Methods);

        impl NamedService for $name {
            const NAME: &'static str = $path;
        }

        impl Service<Request<Body>> for $name {
            type Response = Response<Body>;
            type Error = Infallible;
            type Future = Answer<Result<Response<Body>, Infallible>>;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: Request<Body>) -> Self::Future {
                let path = request.uri().path().to_owned();
                let method = path.rsplit('/').next().unwrap_or_default();
                let answer = (self.0)(method, request);
                Box::pin(async move {
                    Ok(match answer {
                        Some(answer) => answer.await,
                        None => Status::unimplemented("not of this service").into_http(),
                    })
                })
            }
        }
    };
}

service!(
    /// The executor's side of the protocol.
    TestExecutor,
    "buck.test.TestExecutor"
);
service!(
    /// Buck2's side of the protocol.
    TestOrchestrator,
    "buck.test.TestOrchestrator"
);

/// Serves on a socket until `ended` is; `closed` hears of it when the other side ends the connection.
///
/// # Errors
///
/// When the connection breaks.
pub async fn serve<S>(
    socket: UnixStream,
    service: S,
    ended: impl Future<Output = ()>,
    closed: Arc<Notify>,
) -> Result<(), Error>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + NamedService
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    // No other connection comes, but without an end of these the server goes on.
    let socket = Watched::new(socket, closed);
    let sockets = tokio_stream::once(Ok::<_, io::Error>(socket));
    let sockets = sockets.chain(tokio_stream::pending());
    let server = Server::builder().add_service(service);
    server.serve_with_incoming_shutdown(sockets, ended).await?;
    Ok(())
}
