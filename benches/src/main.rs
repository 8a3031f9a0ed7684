//! `cargo xtask bench`: measures this library and its peers.
//!
//! Each kind of figure has one file here. It writes Markdown to standard output and to
//! `target/bench`, from where it is copied to `BENCHMARKS.md`.

mod applications;
mod build;
mod callgrind;
mod correctness;
mod instructions;
mod ours;
mod overhead;
mod places;
mod plot;
mod redis;
mod report;
mod throughput;
mod time;
mod worker;

use std::process::ExitCode;

use self::applications::{Application, Store};
use self::report::Report;

/// An error message for a person.
type Error = bench_worker::Error;

/// A kind of figure: its name in `--only`, its description, and the function that measures it.
struct Figure {
    name: &'static str,
    about: &'static str,
    run: fn(&Applications) -> Result<Report, Error>,
}

const FIGURES: &[Figure] = &[
    Figure {
        name: "instructions",
        about: "instructions and allocations of a request, by callgrind",
        run: instructions::run,
    },
    Figure { name: "time", about: "nanoseconds of a request", run: time::run },
    Figure {
        name: "redis",
        about: "round trips and bytes of a request at Redis, and memory of a session",
        run: redis::run,
    },
    Figure {
        name: "throughput",
        about: "requests per second on Redis and SQLite, 64 at once",
        run: throughput::run,
    },
    Figure {
        name: "correctness",
        about: "lost updates, and sessions that come back after signing out",
        run: correctness::run,
    },
    Figure { name: "scale", about: "a million sessions in memory and in SQLite", run: ours::scale },
    Figure { name: "fields", about: "reads of big fields", run: ours::fields },
    Figure { name: "compile", about: "a schema of 50 fields, checked", run: ours::compile },
    Figure { name: "build", about: "crates in the tree, and clean build times", run: build::run },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match Options::parse(&args).and_then(|options| options.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Options {
    figures: Vec<&'static Figure>,
    ours: bool,
}

impl Options {
    /// `[--only NAME,..] [--ours]`
    fn parse(args: &[String]) -> Result<Self, Error> {
        let mut options = Self { figures: FIGURES.iter().collect(), ours: false };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--ours" => options.ours = true,
                "--only" => {
                    let names = args.next().ok_or("`--only` needs names")?;
                    options.figures = names.split(',').map(figure).collect::<Result<_, _>>()?;
                }
                _ => return Err(format!("unexpected argument `{arg}`\n\n{}", help()).into()),
            }
        }
        Ok(options)
    }

    fn run(self) -> Result<(), Error> {
        let applications = Applications { ours: self.ours };
        for Figure { name, run, .. } in self.figures {
            eprintln!("\n=== {name}");
            run(&applications)?.publish(name, !self.ours)?;
        }
        Ok(())
    }
}

/// The applications that take part.
struct Applications {
    /// Only this library and the bare frameworks.
    ours: bool,
}

impl Applications {
    fn of(&self, chosen: impl Fn(&Application) -> bool) -> Vec<&'static Application> {
        let all = applications::ALL.iter().filter(|it| !self.ours || it.is_ours());
        all.filter(|it| chosen(it)).collect()
    }

    /// Those that keep sessions in this kind of store.
    fn on(&self, store: Store) -> Vec<&'static Application> {
        self.of(|application| application.store == store)
    }
}

fn figure(name: &str) -> Result<&'static Figure, Error> {
    let found = FIGURES.iter().find(|figure| figure.name == name);
    found.ok_or_else(|| format!("there is no figure `{name}`\n\n{}", help()).into())
}

fn help() -> String {
    let mut text = "Usage: cargo xtask bench [--only FIGURE,..] [--ours]\n\nFigures:".to_owned();
    for Figure { name, about, .. } in FIGURES {
        text.push_str(&format!("\n  {name:<14}{about}"));
    }
    text.push_str("\n\n`--ours` leaves the peers out.");
    text
}
