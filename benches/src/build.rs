//! What a session library adds to a build: crates, and time from nothing.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::report::{Report, median};
use crate::{Applications, Error, worker};

const ROUNDS: usize = 3;

const AXUM: &str = "axum = \"0.8\"\ntokio = { version = \"1\", features = [\"full\"] }\n";
const ACTIX: &str = "actix-web = \"4\"\n";

/// The dependencies of an application, without those of its framework.
struct Project {
    label: &'static str,
    framework: &'static str,
    dependencies: &'static str,
}

const PROJECTS: &[Project] = &[
    Project { label: "axum alone", framework: AXUM, dependencies: "" },
    Project {
        label: "session-runtime",
        framework: AXUM,
        dependencies: "session-runtime = { path = \"{ours}\", features = [\"axum\"] }\n",
    },
    Project {
        label: "tower-sessions",
        framework: AXUM,
        dependencies: "tower-sessions = \"0.15\"\n",
    },
    Project {
        label: "tower-sessions, signed",
        framework: AXUM,
        dependencies: "tower-sessions = { version = \"0.15\", features = [\"signed\"] }\n",
    },
    Project { label: "axum_session", framework: AXUM, dependencies: "axum_session = \"0.22\"\n" },
    Project { label: "actix-web alone", framework: ACTIX, dependencies: "" },
    Project {
        label: "session-runtime, actix-web",
        framework: ACTIX,
        dependencies: "session-runtime = { path = \"{ours}\", features = [\"actix\"] }\n",
    },
    Project {
        label: "actix-session, cookie",
        framework: ACTIX,
        dependencies: "actix-session = { version = \"0.11\", features = [\"cookie-session\"] }\n",
    },
];

/// Counts crates and times debug builds, in turn.
pub(crate) fn run(taking_part: &Applications) -> Result<Report, Error> {
    let scratch = tempfile::tempdir_in(worker::target())?;
    let is_ours = |project: &Project| project.label.contains("session-runtime");
    let is_peer = |project: &Project| !is_ours(project) && !project.dependencies.is_empty();
    let projects = PROJECTS.iter().filter(|project| !taking_part.ours || !is_peer(project));
    let projects: Vec<_> = projects.enumerate().collect();
    let folder = |index: usize| scratch.path().join(index.to_string());
    for (index, project) in &projects {
        make(project, &folder(*index))?;
    }
    let mut builds = vec![Vec::new(); projects.len()];
    for round in 1..=ROUNDS {
        for (index, project) in &projects {
            builds[*index].push(build(&folder(*index))?);
            eprintln!("round {round} of {ROUNDS}: built {}", project.label);
        }
    }

    let mut rows = vec![["", "crates", "CPU", "wall"].map(str::to_owned).to_vec()];
    for (index, project) in projects {
        let crates = crates(&folder(index))?.to_string();
        let of = |part: fn(&Build) -> f64| {
            let seconds: Vec<_> = builds[index].iter().map(part).collect();
            format!("{:.1} s", median(&seconds))
        };
        let (cpu, wall) = (of(|build| build.cpu), of(|build| build.wall));
        rows.push(vec![project.label.to_owned(), crates, cpu, wall]);
    }
    let mut report = Report::default();
    report.say(&format!(
        "Crates in the tree of an application, itself included, and a debug build of it from \
         nothing, medians of {ROUNDS} in turn:"
    ));
    report.table(&rows);
    Ok(report)
}

/// Writes the project and fetches what it depends on.
fn make(project: &Project, folder: &Path) -> Result<(), Error> {
    let ours = worker::root().with_file_name("session-runtime").display().to_string();
    let dependencies = project.dependencies.replace("{ours}", &ours);
    let manifest = format!(
        "[package]\nname = \"application\"\nedition = \"2024\"\n\n[dependencies]\n{}{dependencies}\n\
         [workspace]\n",
        project.framework
    );
    std::fs::create_dir_all(folder.join("src"))?;
    std::fs::write(folder.join("Cargo.toml"), manifest)?;
    std::fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    cargo(folder, &["fetch", "--quiet"]).map(drop)
}

/// The seconds of a build from nothing.
#[derive(Clone, Copy)]
struct Build {
    /// The CPU time of all processes together. Other work on the machine changes it little.
    cpu: f64,
    wall: f64,
}

/// Builds, and then removes what it built.
fn build(folder: &Path) -> Result<Build, Error> {
    let (start, before) = (Instant::now(), children_cpu()?);
    cargo(folder, &["build", "--quiet", "--offline"])?;
    let build = Build { cpu: children_cpu()? - before, wall: start.elapsed().as_secs_f64() };
    std::fs::remove_dir_all(folder.join("target"))?;
    Ok(build)
}

/// The CPU seconds that all finished child processes and their children used (Linux).
fn children_cpu() -> Result<f64, Error> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("no name in /proc/self/stat")?;
    // `cutime` and `cstime`: in proc(5) these are the fields 16 and 17.
    let ticks = fields.split(' ').skip(13).take(2);
    let ticks: u64 = ticks.map(str::parse::<u64>).sum::<Result<_, _>>()?;
    Ok(ticks as f64 / TICKS_A_SECOND)
}

fn crates(folder: &Path) -> Result<usize, Error> {
    let arguments = ["tree", "--offline", "--edges", "normal,build", "--prefix", "none"];
    let tree = cargo(folder, &[&arguments[..], &["--format", "{p}"]].concat())?;
    let mut crates: Vec<_> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    crates.sort_unstable();
    crates.dedup();
    Ok(crates.len())
}

/// What cargo prints.
fn cargo(folder: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("cargo {}: {}", arguments.join(" "), output.status).into()),
    }
}
