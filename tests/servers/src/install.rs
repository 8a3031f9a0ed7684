//! Installing missing programs, where that is possible.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::Error;
use crate::process::find;

/// The path of a program, on the `PATH` or in one of `folders`; its Debian `packages` are installed
/// if it is missing.
///
/// # Errors
///
/// If it is missing and cannot be installed.
pub fn program(
    name: &str,
    folders: impl Fn() -> Vec<PathBuf>,
    packages: &[&str],
) -> Result<PathBuf, Error> {
    if let Some(path) = find(name, &folders()) {
        return Ok(path);
    }
    install(packages)?;
    find(name, &folders()).ok_or_else(|| {
        format!("`{name}` is missing after `{}` was installed", packages.join(" ")).into()
    })
}

/// Installs Debian packages, one caller at a time.
pub(crate) fn install(packages: &[&str]) -> Result<(), Error> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let advice = format!("install it: `apt-get install {}` on Debian", packages.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() || !is_root() {
        return Err(format!("it is missing, and cannot be installed from here; {advice}").into());
    }
    // Other processes may be installing too: wait for their lock.
    let wait = ["-o", "DPkg::Lock::Timeout=300"];
    apt(&[&wait[..], &["update"]].concat())?;
    apt(&[&wait[..], &["install", "-y", "--no-install-recommends"], packages].concat())
        .map_err(|error| format!("{error}; {advice}").into())
}

fn apt(arguments: &[&str]) -> Result<(), Error> {
    eprintln!("apt-get {}", arguments.join(" "));
    let output = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let message = String::from_utf8_lossy(&output.stderr);
            Err(format!("apt-get {} failed: {message}", arguments.join(" ")).into())
        }
    }
}

pub(crate) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
