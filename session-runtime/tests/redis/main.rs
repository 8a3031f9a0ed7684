//! `RedisStore` on real servers. `REDIS_URL` names the one for most tests; those that stop, slow or
//! configure a server start their own.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod batch;
mod exactness;
mod failure;
mod index;
mod layout;
mod options;
mod replicas;
mod rules;
mod scan;
mod scripts;
mod site;
mod tls;
