//! Cookies that differ from those that the server set.

use serde_json::json;

use crate::browser::Browser;
use crate::server::{Framework, Server, Store};

/// A visitor with a counter of 1, and the parts of the cookie.
async fn visitor(server: &Server) -> (Browser, String, String) {
    let browser = Browser::new(server);
    browser.ops(json!([["add_counter", 1]])).await;
    let (name, value) = (browser.cookie_name(), browser.cookie().unwrap());
    (browser, name, value)
}

async fn counter(browser: &Browser, headers: &[Vec<u8>]) -> i64 {
    let answer = browser.send_with(json!([["counter"]]), headers.iter()).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.set_cookies().is_empty(), "reading sets no cookie: {answer:?}");
    answer.results()[0].as_i64().unwrap()
}

scenario! {
    /// A cookie that the server did not sign makes a new visitor: it is no error, and is never
    /// adopted.
    async fn forged_and_garbled(server: &Server) {
        let (ann, name, value) = visitor(server).await;
        let mut flipped = value.clone().into_bytes();
        flipped[0] ^= 1;
        let forged: Vec<Vec<u8>> = [
            flipped,
            value.to_uppercase().into_bytes(),
            value[1..].into(),
            format!("{value}A").into_bytes(),
            [value.as_bytes(), value.as_bytes()].concat(),
            b"".to_vec(),
            b"\xff\xfe\x80".to_vec(),
            b"=;=,\"".to_vec(),
            vec![b'A'; 43],
            vec![b'x'; 8_000],
        ]
        .into_iter()
        .map(|value| [name.as_bytes(), b"=", &value].concat())
        .collect();
        for header in forged {
            assert_eq!(counter(&ann, std::slice::from_ref(&header)).await, 0);
            let answer = ann.send_with(json!([["add_counter", 1]]), [&header].into_iter()).await.unwrap();
            let set = answer.set_cookies()[0].to_owned();
            let given = set.split(';').next().unwrap().as_bytes().to_vec();
            assert_ne!(given, header, "an id is never taken from the client");
        }
        assert_eq!(ann.ops(json!([["counter"]])).await, json!([1]));
    }
}

scenario! {
    /// Other cookies next to the session cookie, in one header or several, do no harm.
    async fn foreign_cookies(server: &Server) {
        let (ann, name, value) = visitor(server).await;
        let ours = format!("{name}={value}");
        let headers: [Vec<Vec<u8>>; 6] = [
            vec![format!("a=1; {ours}; b=\"x y\"").into()],
            vec![format!("{name}x=1;x{name}=2;{ours}").into()],
            vec![b"a=\xff\xfe".to_vec(), ours.clone().into()],
            vec![ours.clone().into(), b";;;=;a".to_vec()],
            vec![format!("  {ours}  ;").into()],
            vec![format!("{name}=\"{value}\"").into()],
        ];
        for headers in headers {
            assert_eq!(counter(&ann, &headers).await, 1, "{headers:?}");
        }
        let value: Vec<u8> = [b"rubbish=".to_vec(), vec![b'r'; 8_000]].concat();
        assert_eq!(counter(&ann, &[value, ours.into()]).await, 1);
    }
}

scenario! {
    /// Of two cookies with the session's name, the one with a live session counts, in either order.
    async fn two_of_the_name(server: &Server) {
        let (ann, name, value) = visitor(server).await;
        let dead = Browser::new(server);
        dead.ops(json!([["add_counter", 9]])).await;
        let dead_value = dead.cookie().unwrap();
        dead.ops(json!([["destroy"]])).await;
        for other in ["forged", &dead_value] {
            let pairs = [format!("{name}={value}; {name}={other}"), format!("{name}={other}; {name}={value}")];
            for header in pairs {
                assert_eq!(counter(&ann, &[header.into_bytes()]).await, 1);
            }
        }
    }
}
