//! Scripts run at most once, also when the answer is lost.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use redis::cluster::{ClusterClientBuilder, NodeAddress};
use session_runtime::StoreKey;
use session_runtime::store::{Loaded, RedisClusterStore, Store, Updated};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::site::{add, create, nodes, port, record, url};

/// Stands between a client and a cluster. It forwards everything, but cuts connections when a
/// script has been executed, before its answer is through.
#[derive(Clone, Default)]
struct Cutter {
    /// How many connections it will still cut.
    cuts: Arc<AtomicUsize>,
}

impl Cutter {
    /// Before each server of the cluster; answers a client that goes through.
    async fn before(&self, url: &str) -> ClusterClientBuilder {
        let mut addresses = HashMap::new();
        for node in nodes(url) {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let here = NodeAddress::new("127.0.0.1", listener.local_addr().unwrap().port());
            addresses.insert(NodeAddress::new("127.0.0.1", port(&node)), here);
            let (cutter, server) = (self.clone(), SocketAddr::from(([127, 0, 0, 1], port(&node))));
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    let cutter = cutter.clone();
                    tokio::spawn(async move {
                        let _ = cutter.forward(client, server).await;
                    });
                }
            });
        }
        ClusterClientBuilder::new(nodes(url)).node_address_map(addresses)
    }

    async fn forward(&self, mut client: TcpStream, to: SocketAddr) -> std::io::Result<()> {
        let mut server = TcpStream::connect(to).await?;
        let (mut request, mut answer) = ([0; 65_536], [0; 65_536]);
        let mut is_script = false;
        loop {
            tokio::select! {
                length = client.read(&mut request) => {
                    let request = &request[..length?];
                    if request.is_empty() {
                        return Ok(());
                    }
                    is_script = request.windows(7).any(|word| word == b"EVALSHA");
                    server.write_all(request).await?;
                }
                length = server.read(&mut answer) => {
                    let answer = &answer[..length?];
                    let less = |cuts: usize| cuts.checked_sub(1);
                    let cuts = || {
                        self.cuts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
                    };
                    // An error means that nothing was executed.
                    if answer.is_empty() || is_script && answer[0] != b'-' && cuts() {
                        return Ok(());
                    }
                    client.write_all(answer).await?;
                }
            }
        }
    }
}

async fn counted(store: &RedisClusterStore, key: &StoreKey) -> u64 {
    let Loaded::Live(record) = store.load(key).await.unwrap() else { panic!("it is live") };
    record.fields.get("n").unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_repeated() {
    let Some(url) = url() else { return };
    let cutter = Cutter::default();
    let client = cutter.before(&url).await;
    let cut = RedisClusterStore::builder_with_client(client).build().unwrap();
    let direct = RedisClusterStore::open(&*url).unwrap();
    for round in 1..=20 {
        let key = create(&direct, &record([("n", "0")])).await;
        assert_eq!(cut.update(&key, &add(1)).await.unwrap(), Updated::Applied, "round {round}");
        cutter.cuts.store(8, Ordering::Relaxed);
        assert!(cut.update(&key, &add(1)).await.is_err(), "round {round}");
        cutter.cuts.store(0, Ordering::Relaxed);
        assert_eq!(counted(&direct, &key).await, 2, "round {round}");
    }
}

/// Why the client's own repetitions are off: with them, the same cuts make it run a script nine
/// times.
#[tokio::test]
async fn the_client_alone_repeats_it() {
    let Some(url) = url() else { return };
    let cutter = Cutter::default();
    let client = cutter.before(&url).await.build().unwrap();
    let connection = client.get_async_connection().await.unwrap();
    let cut = RedisClusterStore::builder_with_connection(connection)
        .command_timeout(std::time::Duration::from_secs(20))
        .build()
        .unwrap();
    let direct = RedisClusterStore::open(&*url).unwrap();
    let key = create(&direct, &record([("n", "0")])).await;
    assert_eq!(cut.update(&key, &add(1)).await.unwrap(), Updated::Applied);
    cutter.cuts.store(8, Ordering::Relaxed);
    let updated = cut.update(&key, &add(1)).await;
    let n = counted(&direct, &key).await - 1;
    println!("executed {n} times: {updated:?}");
    assert!(n > 1, "then the store may leave them on");
}
