//! What valgrind's callgrind counts: the same on every run of a program, whatever else the machine
//! does.

use std::io::Write;
use std::ops::Sub;
use std::path::Path;
use std::process::{Command, Stdio};

use bench_worker::case::Case;
use bench_worker::order::Order;

use crate::Error;
use crate::applications::Application;
use crate::worker;

/// The cost of one request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) instructions: f64,
    pub(crate) allocations: f64,
}

impl Sub for Counted {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            instructions: self.instructions - other.instructions,
            allocations: self.allocations - other.allocations,
        }
    }
}

/// Two lengths of run. Only their difference counts, so the start and the first requests do not.
const SHORT: u32 = 500;
const LONG: u32 = 1_500;

/// Counts what one request takes, the framework's share included. The long run's profile stays in
/// `folder`.
pub(crate) fn count(
    application: &Application,
    case: Case,
    folder: &Path,
) -> Result<Counted, Error> {
    let short = run(application, case, SHORT, folder)?;
    let long = run(application, case, LONG, folder)?;
    let (more, by) = (long - short, f64::from(LONG - SHORT));
    Ok(Counted { instructions: more.instructions / by, allocations: more.allocations / by })
}

fn run(
    application: &Application,
    case: Case,
    requests: u32,
    folder: &Path,
) -> Result<Counted, Error> {
    let command = worker::command(application, None);
    let program = Path::new(&command[0]).file_name().unwrap_or_default().display();
    let profile = format!("{program}.{}.{}.callgrind", application.name, case.name());
    let profile = folder.join(profile);
    let valgrind = test_servers::program("valgrind", Vec::new, &["valgrind"])?;
    let mut child = Command::new(valgrind)
        .args(["--quiet", "--tool=callgrind", "--compress-strings=no"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .args(command)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    if let Some(mut orders) = child.stdin.take() {
        writeln!(orders, "{}", Order::Run { case, visitors: 1, requests })?;
    }
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("{} under valgrind: {status}", application.label).into());
    }
    parse(&std::fs::read_to_string(&profile)?)
}

/// Reads the total, and how often Rust's allocator was called.
fn parse(profile: &str) -> Result<Counted, Error> {
    let mut counted = Counted { instructions: 0.0, allocations: 0.0 };
    let mut callee = "";
    for line in profile.lines() {
        if let Some(total) = line.strip_prefix("totals: ") {
            counted.instructions = total.parse()?;
        } else if let Some(name) = line.strip_prefix("cfn=") {
            callee = name;
        } else if let Some(calls) = line.strip_prefix("calls=")
            && ALLOCATE.contains(&callee)
        {
            let count = calls.split(' ').next().unwrap_or_default();
            counted.allocations += count.parse::<f64>()?;
        }
    }
    match counted.instructions > 0.0 && counted.allocations > 0.0 {
        true => Ok(counted),
        false => Err("callgrind counted no instructions or no allocations".into()),
    }
}

/// The functions that Rust's allocator calls. Its own functions do not appear where they are
/// inlined.
const ALLOCATE: [&str; 4] = ["malloc", "calloc", "realloc", "posix_memalign"];

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn calls_of_the_allocator_are_added_up() {
        let profile = "summary: 9\nfn=main\ncfn=malloc\ncalls=3 +1\n7 2\ncfn=work\ncalls=5 7\n3 3\n\
            fn=work\ncfn=realloc\ncalls=2 -4\n8 8\ntotals: 9\n";
        let counted = parse(profile).unwrap();
        assert_eq!((counted.instructions, counted.allocations), (9.0, 5.0));
        assert!(parse("totals: 9").is_err());
    }
}
