//! The chores of this workspace: `cargo xtask --help`.

mod bench;
mod compat;
mod examples;
mod fuzz;
mod http;
mod layers;
mod links;
mod lint;
mod package;
mod servers;
mod step;
mod test;

use std::process::ExitCode;

/// What a chore answers; the error is one message for a person.
type Outcome = Result<(), String>;

/// A word of the command line, what it is for, and what it does with the rest of the line.
struct Chore {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "test",
        about: "run all tests, on servers that it starts, [--without redis,..]; what follows goes to `cargo test`",
        run: test::run,
    },
    Chore {
        name: "lint",
        about: "check formatting, layers, links, clippy with all features and with each alone, and docs",
        run: |args| no_arguments(args).and_then(|()| lint::run()),
    },
    Chore {
        name: "layers",
        about: "check that imports in `session-runtime` go down; part of `lint`",
        run: |args| no_arguments(args).and_then(|()| layers::run()),
    },
    Chore {
        name: "links",
        about: "follow every link in Markdown and in doc comments; part of `lint`",
        run: |args| no_arguments(args).and_then(|()| links::run()),
    },
    Chore {
        name: "compat",
        about: "check that `sqlite` builds beside applications that use sqlx or diesel",
        run: |args| no_arguments(args).and_then(|()| compat::run()),
    },
    Chore {
        name: "examples",
        about: "start the examples that serve and visit them, also after a SIGKILL",
        run: |args| no_arguments(args).and_then(|()| examples::run()),
    },
    Chore {
        name: "fuzz",
        about: "run every fuzz target for a minute, or for [SECONDS]; installs cargo-fuzz below target/",
        run: fuzz::run,
    },
    Chore {
        name: "package",
        about: "package the published crates as for crates.io; [--release] checks the address first",
        run: package::run,
    },
    Chore {
        name: "bench",
        about: "measure this library beside its peers, [--only FIGURE,..] [--ours]; not part of CI",
        run: bench::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match args.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("--help", &[][..]),
    };
    let wants_help = |arg: &String| arg == "--help" || arg == "-h";
    if matches!(name, "--help" | "-h" | "help") || rest.first().is_some_and(wants_help) {
        println!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(chore) = CHORES.iter().find(|chore| chore.name == name) else {
        eprintln!("error: there is no chore `{name}`\n\n{}", help());
        return ExitCode::from(2);
    };
    match (chore.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("\nerror: {message}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = "Usage: cargo xtask CHORE\n\nChores:".to_owned();
    for Chore { name, about, .. } in CHORES {
        text.push_str(&format!("\n  {name:<10}{about}"));
    }
    text.push_str("\n\n`.ci/run` does them all but `bench`.");
    text
}

fn no_arguments(args: &[String]) -> Outcome {
    match args.first() {
        None => Ok(()),
        Some(arg) => Err(format!("unexpected argument `{arg}`")),
    }
}
