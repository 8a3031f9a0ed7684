//! The main loop of a worker: it reads orders and writes answers.

use std::io::Write;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::LocalSet;

use crate::Error;
use crate::app::{App, path};
use crate::case::Case;
use crate::order::Order;
use crate::trials::{self, UnderWay};

/// Executes the orders on standard input until it is closed. Everything runs on this thread, except
/// for the threads of stores.
///
/// # Errors
///
/// If an order is not understood, or a request is not answered with 200.
pub async fn serve<A: App>(app: A) -> Result<(), Error> {
    let app = Rc::new(app);
    let mut orders = BufReader::new(tokio::io::stdin()).lines();
    let mut begun = None::<UnderWay>;
    let tasks = LocalSet::new();
    tasks
        .run_until(async {
            while let Some(line) = orders.next_line().await? {
                let answer = match line.parse()? {
                    Order::Run { case, visitors, requests } => {
                        run(&app, case, visitors, requests).await?.as_nanos().to_string()
                    }
                    Order::SignIn { visitors } => {
                        for _ in 0..visitors {
                            visit(&*app, path::SIGN_IN, None).await?;
                        }
                        visitors.to_string()
                    }
                    Order::Arrive { path } => newcomer(&*app, path).await?,
                    Order::Visit { path, cookie } => {
                        A::text(visit(&*app, path, Some(A::cookie(&cookie))).await?).await
                    }
                    Order::Begin { path, cookie } => {
                        begun = Some(UnderWay::begin(&app, path, &cookie).await);
                        String::new()
                    }
                    Order::End => {
                        let begun = begun.take().ok_or("nothing was begun")?;
                        begun.end().await?.to_string()
                    }
                    Order::Increment { late, at_once, requests, cookie } => {
                        trials::increment(&app, late, at_once, requests, cookie).await?
                    }
                };
                let mut out = std::io::stdout().lock();
                writeln!(out, "{answer}")?;
                out.flush()?;
            }
            Ok(())
        })
        .await
}

/// The time of the requests. The sessions are created before.
async fn run<A: App>(
    app: &Rc<A>,
    case: Case,
    visitors: u32,
    requests: u32,
) -> Result<Duration, Error> {
    let mut cookies = Vec::new();
    for _ in 0..visitors {
        cookies.push(match case.has_cookie() {
            true => Some(A::cookie(&newcomer(&**app, path::COUNT).await?)),
            false => None,
        });
    }
    let start = Instant::now();
    let tasks = cookies.into_iter().map(|cookie| {
        let app = app.clone();
        tokio::task::spawn_local(async move {
            for _ in 0..requests / visitors {
                let response = app.call(case.path(), cookie.clone()).await;
                expect_ok::<A>(case.path(), &response)?;
            }
            Ok::<_, Error>(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(start.elapsed())
}

/// Sends the first request of a visitor, and returns the visitor's cookie.
async fn newcomer<A: App>(app: &A, path: &'static str) -> Result<String, Error> {
    let response = visit(app, path, None).await?;
    // The bare application sets no cookie. Its requests send one of the usual size.
    let usual = || "id=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned();
    Ok(cookie_of::<A>(&response).unwrap_or_else(usual))
}

/// What a browser that got this response would send next.
pub(crate) fn cookie_of<A: App>(response: &A::Response) -> Option<String> {
    let pairs = A::set_cookies(response).filter_map(|cookie| cookie.split(';').next());
    let pairs = pairs.collect::<Vec<_>>().join("; ");
    (!pairs.is_empty()).then_some(pairs)
}

/// One request that must succeed.
async fn visit<A: App>(
    app: &A,
    path: &'static str,
    cookie: Option<A::Cookie>,
) -> Result<A::Response, Error> {
    let response = app.call(path, cookie).await;
    expect_ok::<A>(path, &response)?;
    Ok(response)
}

fn expect_ok<A: App>(path: &str, response: &A::Response) -> Result<(), Error> {
    match A::status(response) {
        200 => Ok(()),
        status => Err(format!("{path} answered {status}").into()),
    }
}
