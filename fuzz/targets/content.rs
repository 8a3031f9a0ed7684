//! Signed cookies with any content: the session is used and sent back.

#![no_main]

use http::{HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use session_fuzz::{SITES, Visit, sign, wait};
use session_runtime::CookieCommand;

fuzz_target!(|input: &[u8]| {
    let sessions = &SITES[2].sessions;
    let begin = |pair: &str| sessions.begin([HeaderValue::from_str(pair).unwrap()]);
    let handle = begin(&format!("__Host-id={}", sign(input)));
    let session = match wait(handle.session::<Visit>()) {
        Ok(session) => session,
        Err(error) => {
            assert!(error.is_mismatch(), "{error}");
            return;
        }
    };
    let name = session.name();
    let counter = session.add_counter(1);
    session.take_notice();
    let finished = wait(handle.finish(StatusCode::OK));
    let CookieCommand::Set(cookies) = finished.cookie else { return };
    let pair = cookies.iter().next().and_then(|cookie| cookie.split(';').next()).unwrap();
    let again = wait(begin(pair).session::<Visit>()).unwrap();
    // The content says when the session expires, which may be at once.
    if !again.is_new() {
        assert_eq!((again.name(), again.counter(), again.peek_notice()), (name, counter, None));
    }
});
