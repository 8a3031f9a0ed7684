//! `cargo xtask compat`: the feature `sqlite` in applications that use SQLite themselves.
//!
//! Only one package of a build may link the C library, so all of an application's libraries must
//! agree on one version of `libsqlite3-sys`. Each folder of `tests/compat` is such an application;
//! it runs the store's conformance suite and its own queries on one file.

use std::path::Path;

use crate::Outcome;
use crate::step::{ScratchFolder, Step, root};

/// The first gets the oldest `rusqlite` of the range; the workspace itself has the newest.
const APPLICATIONS: [&str; 3] = ["sqlx-0.8", "sqlx-0.9", "diesel-2"];

/// Lets cargo find versions for every application, then runs them.
pub(crate) fn run() -> Outcome {
    // Resolving is fast, so it comes first.
    for application in APPLICATIONS {
        resolve(application)?;
    }
    // The workspace's profile, so that shared dependencies are built once.
    let debug = "profile.dev.debug='line-tables-only'";
    for application in APPLICATIONS {
        let scratch = ScratchFolder::new("compat")?;
        let database = scratch.path().join("sessions.db").display().to_string();
        let manifest = manifest(application);
        let run = ["run", "--config", debug, "--manifest-path", &manifest, "--", &database];
        Step::cargo(format!("run beside {application}"), run).shared_target().run()?;
    }
    Ok(())
}

/// Resolves the versions from nothing, as the application's author would, and prints them.
fn resolve(application: &str) -> Outcome {
    let manifest = manifest(application);
    let lock_file = root().join(&manifest).with_file_name("Cargo.lock");
    if let Err(error) = std::fs::remove_file(&lock_file)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(format!("{}: {error}", lock_file.display()));
    }
    let resolve = ["generate-lockfile", "--quiet", "--manifest-path", &manifest];
    Step::cargo(format!("resolve beside {application}"), resolve).run()?;
    let rusqlite = locked_version(&lock_file, "rusqlite")?;
    let library = locked_version(&lock_file, "libsqlite3-sys")?;
    println!("{application}: rusqlite {rusqlite}, libsqlite3-sys {library}");
    Ok(())
}

fn manifest(application: &str) -> String {
    format!("tests/compat/{application}/Cargo.toml")
}

fn locked_version(lock_file: &Path, package: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(lock_file)
        .map_err(|error| format!("{}: {error}", lock_file.display()))?;
    let name = format!("name = \"{package}\"");
    let version = text
        .lines()
        .skip_while(|line| *line != name)
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version
        .map(str::to_owned)
        .ok_or_else(|| format!("{}: `{package}` is missing", lock_file.display()))
}
