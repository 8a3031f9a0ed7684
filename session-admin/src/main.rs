//! `session-admin`: a command line for operators, to manage the sessions of a store.

mod cli;
mod copy;
mod end;
mod explain;
mod health;
mod list;
mod outcome;
mod progress;
mod scan;
mod show;
mod store;
mod sweep;

use std::process::ExitCode;

use clap::Parser;

use self::cli::{Cli, Command};
use self::outcome::Outcome;

#[tokio::main]
async fn main() -> ExitCode {
    // With wrong arguments, `parse` exits with code 2.
    outcome::exit_code(run(Cli::parse()).await)
}

async fn run(cli: Cli) -> Outcome {
    match cli.command {
        Command::List(args) => list::run(&cli.store, &args).await,
        Command::End(args) => end::run(&cli.store, &args).await,
        Command::Sweep => sweep::run(&cli.store).await,
        Command::Copy(args) => copy::run(&cli.store, &args).await,
        Command::Explain(args) => explain::run(&cli.store, &args).await,
        Command::Health => health::run(&cli.store).await,
    }
}
