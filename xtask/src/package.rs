//! `cargo xtask package`: what crates.io would be sent.

use crate::Outcome;
use crate::step::{Step, root};

/// Packages the derive as for publishing, then both crates together: the library depends on just
/// that version of the derive, which may not be on crates.io yet. The command depends on the
/// library in the same way. It is not built here: it would build the clients of all stores once
/// more.
///
/// With `--release` the repository's address must be set, as it must be when a person publishes.
pub(crate) fn run(args: &[String]) -> Outcome {
    match args {
        [] => {}
        [flag] if flag == "--release" => check_address()?,
        [arg, ..] => return Err(format!("unexpected argument `{arg}`")),
    }
    let derive = ["publish", "--dry-run", "--package", "session-derive"];
    Step::cargo("publish the derive, dry", derive.iter().chain(dirty())).run()?;
    let both = ["package", "--package", "session-derive", "--package", "session-runtime"];
    Step::cargo("package the library", both.iter().chain(dirty())).run()?;
    let command = ["--package", "session-admin", "--no-verify"];
    Step::cargo("package the command", both.iter().chain(&command).chain(dirty())).run()
}

/// CI packages what is committed; at home it may be work in progress.
fn dirty() -> &'static [&'static str] {
    match std::env::var_os("CI") {
        Some(_) => &[],
        None => &["--allow-dirty"],
    }
}

fn check_address() -> Outcome {
    let file = root().join("Cargo.toml");
    let manifest =
        std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    match address(&manifest) {
        Some(_) => Ok(()),
        None => Err(format!("{}: `repository` is not the project's address", file.display())),
    }
}

/// The repository's address in the workspace's manifest, unless it is the placeholder.
fn address(manifest: &str) -> Option<&str> {
    let value = manifest.lines().find_map(|line| line.strip_prefix("repository = "))?;
    let address = value.trim().trim_matches('"');
    let host = address.strip_prefix("https://")?.split('/').next()?;
    (host.contains('.') && !host.ends_with(".invalid")).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_placeholder_is_no_address() {
        let manifest = |value: &str| format!("[workspace.package]\nrepository = \"{value}\"\n");
        let real = "https://git.example.org/project";
        assert_eq!(address(&manifest(real)), Some(real));
        for placeholder in ["https://example.invalid/session", "https://", "project", ""] {
            assert_eq!(address(&manifest(placeholder)), None, "{placeholder}");
        }
        assert_eq!(address("[workspace.package]\nlicense = \"MIT\"\n"), None);
    }
}
