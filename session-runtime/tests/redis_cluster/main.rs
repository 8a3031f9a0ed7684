//! `RedisClusterStore` on real clusters. `REDIS_CLUSTER_URL` names the one for most tests; those
//! that kill or configure servers start their own.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod failover;
mod index;
mod memory;
mod once;
mod options;
mod rules;
mod scan;
mod site;
mod slots;
