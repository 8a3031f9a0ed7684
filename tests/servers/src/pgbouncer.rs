//! PgBouncer, with a PostgreSQL behind it.

use std::os::unix::fs::PermissionsExt;

use crate::postgres::{is_ready, unprivileged};
use crate::process::{Server, free_port};
use crate::{Error, install, postgres};

/// Starts PostgreSQL, and PgBouncer in front of it, which gives each transaction one of `servers`
/// connections. Returns PgBouncer; PostgreSQL is [`behind`](Server::behind) it.
///
/// # Errors
///
/// If one of them is not installed and cannot be, or does not start.
pub fn start(servers: u32) -> Result<Server, Error> {
    let folders = || vec!["/usr/sbin".into()];
    let program = install::program("pgbouncer", folders, &["pgbouncer"])?;
    let postgres = postgres::start()?;
    let address = postgres.url().rsplit(':').next().ok_or("a server of ours has a port")?;
    let (postgres_port, database) = address.split_once('/').ok_or("its URL has a database")?;
    // PgBouncer does not run as root, so its user must be able to reach the folder.
    let (folder, port) = (tempfile::tempdir_in("/tmp")?, free_port()?);
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    let config = folder.path().join("pgbouncer.ini");
    let settings = format!(
        "[databases]
        {database} = host=127.0.0.1 port={postgres_port} user=postgres
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        default_pool_size = {servers}
        ignore_startup_parameters = extra_float_digits"
    );
    std::fs::write(&config, settings.replace("\n        ", "\n"))?;
    let (program, config) = (program.display().to_string(), config.display().to_string());
    let url = format!("postgres://postgres@127.0.0.1:{port}/{database}");
    let is_ready = is_ready(&url)?;
    let command = unprivileged(&[&program, &config]);
    Ok(Server::start(folder, command, url, is_ready)?.before(postgres))
}
