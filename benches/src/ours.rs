//! Figures of this library only. Separate programs measure them.

use std::process::Command;

use crate::report::Report;
use crate::{Applications, Error, worker};

/// A million sessions in the memory store and in SQLite.
pub(crate) fn scale(_: &Applications) -> Result<Report, Error> {
    let folder = worker::target().join("bench");
    std::fs::create_dir_all(&folder)?;
    let folder = tempfile::tempdir_in(folder)?;
    let file = folder.path().join("sessions.db").display().to_string();
    let mut report = Report::default();
    report.say("A million sessions of a user's number, name, theme and a counter:");
    report.paste(&output("scale", &["memory"])?);
    report.paste(&output("scale", &[&file])?);
    Ok(report)
}

/// Reads of big fields.
pub(crate) fn fields(_: &Applications) -> Result<Report, Error> {
    let mut report = Report::default();
    report.paste(&output("fields", &[])?);
    Ok(report)
}

/// The compile time of a schema of 50 fields.
pub(crate) fn compile(_: &Applications) -> Result<Report, Error> {
    let script = worker::root().join("compile-time.sh");
    let output = Command::new(&script).arg("11").output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {message}", script.display()).into());
    }
    let mut report = Report::default();
    report.say(&format!("```\n{}```", String::from_utf8(output.stdout)?));
    Ok(report)
}

/// The Markdown that a program prints.
fn output(program: &str, arguments: &[&str]) -> Result<String, Error> {
    worker::build_folder("ours")?;
    let path = worker::target().join("release").join(program);
    let output = Command::new(path).args(arguments).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
