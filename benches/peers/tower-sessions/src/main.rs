//! tower-sessions with its memory store, as it ships and with signed cookies.

mod app;

use bench_worker::place::Place;
use bench_worker::{Error, serve};
use tower_sessions::cookie::Key;
use tower_sessions::{MemoryStore, SessionManagerLayer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let place = Place::from_args()?;
    let layer = SessionManagerLayer::new(MemoryStore::default());
    match place.application.as_str() {
        "memory" => serve(app::app(layer)).await,
        "memory-signed" => serve(app::app(layer.with_signed(Key::from(&[7; 64])))).await,
        _ => Err(place.unknown()),
    }
}
