//! A visitor: an HTTP client that keeps cookies like a browser.

use std::collections::BTreeMap;
use std::sync::Mutex;

use reqwest::{Client, StatusCode, header};
use serde_json::{Value, json};

use crate::server::Server;

/// A visitor with a cookie jar.
pub(crate) struct Browser {
    url: String,
    client: Client,
    jar: Mutex<BTreeMap<String, String>>,
}

/// An answer to `POST /op`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) headers: header::HeaderMap,
}

impl Browser {
    /// A visitor without cookies.
    pub(crate) fn new(server: &Server) -> Self {
        Self { url: server.url.clone(), client: Client::new(), jar: Mutex::default() }
    }

    /// Another visitor with the current cookies of this one.
    pub(crate) fn copy(&self) -> Self {
        Self {
            url: self.url.clone(),
            client: self.client.clone(),
            jar: Mutex::new(self.jar.lock().unwrap().clone()),
        }
    }

    /// The same visitor on another server.
    pub(crate) fn at(&self, server: &Server) -> Self {
        Self { url: server.url.clone(), ..self.copy() }
    }

    /// The value of the only cookie.
    pub(crate) fn cookie(&self) -> Option<String> {
        let jar = self.jar.lock().unwrap();
        assert!(jar.len() <= 1, "the server sets one cookie");
        jar.values().next().cloned()
    }

    /// The name of the session cookie.
    pub(crate) fn cookie_name(&self) -> String {
        self.jar.lock().unwrap().keys().next().expect("a cookie").clone()
    }

    /// The names of all cookies, in order.
    pub(crate) fn cookie_names(&self) -> Vec<String> {
        self.jar.lock().unwrap().keys().cloned().collect()
    }

    /// Drops one cookie.
    pub(crate) fn forget(&self, name: &str) {
        self.jar.lock().unwrap().remove(name).expect("the cookie is there");
    }

    /// Copies one cookie from another visitor.
    pub(crate) fn take(&self, name: &str, other: &Self) {
        let value = other.jar.lock().unwrap()[name].clone();
        self.jar.lock().unwrap().insert(name.to_owned(), value);
    }

    /// Runs operations, which must be answered with 200. Returns their results.
    pub(crate) async fn ops(&self, ops: Value) -> Value {
        let answer = self.send(ops).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.results()
    }

    /// Runs operations, keeps the cookies of the answer.
    pub(crate) async fn send(&self, ops: Value) -> Answer {
        self.try_send(ops).await.expect("an answer")
    }

    /// As [`send`](Self::send), but the connection may break.
    pub(crate) async fn try_send(&self, ops: Value) -> reqwest::Result<Answer> {
        let cookies = self.cookie_header();
        let answer = self.send_with(ops, cookies.as_deref().into_iter()).await?;
        self.keep(&answer);
        Ok(answer)
    }

    /// Runs operations with these `Cookie` headers and keeps nothing.
    pub(crate) async fn send_with(
        &self,
        ops: Value,
        cookie_headers: impl Iterator<Item = impl AsRef<[u8]>>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.client.post(format!("{}/op", self.url)).json(&json!({ "ops": ops }));
        for header in cookie_headers {
            request = request.header(header::COOKIE, header.as_ref());
        }
        Answer::read(request.send().await?).await
    }

    /// Requests another path.
    pub(crate) async fn request(&self, method: reqwest::Method, path: &str) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(cookies) = self.cookie_header() {
            request = request.header(header::COOKIE, cookies);
        }
        let answer = Answer::read(request.send().await.unwrap()).await.unwrap();
        self.keep(&answer);
        answer
    }

    /// Posts a body with these headers. A real browser adds more, depending on the origin of the
    /// request.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let mut request = self.client.post(format!("{}{path}", self.url)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookies) = self.cookie_header() {
            request = request.header(header::COOKIE, cookies);
        }
        let answer = Answer::read(request.send().await.unwrap()).await.unwrap();
        self.keep(&answer);
        answer
    }

    fn cookie_header(&self) -> Option<String> {
        let jar = self.jar.lock().unwrap();
        let pairs: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    fn keep(&self, answer: &Answer) {
        for cookie in answer.set_cookies() {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let mut jar = self.jar.lock().unwrap();
            match cookie.contains("Max-Age=0") {
                true => jar.remove(name),
                false => jar.insert(name.to_owned(), value.to_owned()),
            };
        }
    }
}

impl Answer {
    async fn read(response: reqwest::Response) -> reqwest::Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Self { status, headers, body: response.text().await? };
        let mut names: Vec<_> =
            answer.set_cookies().iter().filter_map(|cookie| cookie.split('=').next()).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "one Set-Cookie a name at most: {answer:?}");
        Ok(answer)
    }

    /// One result for each operation.
    pub(crate) fn results(&self) -> Value {
        serde_json::from_str(&self.body).expect("an array of results")
    }

    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE);
        cookies.iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }

    pub(crate) fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Asserts that the changes were dropped because the session was deleted or renewed elsewhere:
    /// 409 without a body and without a cookie.
    pub(crate) fn assert_conflict(&self) {
        assert_eq!((self.status, &*self.body), (StatusCode::CONFLICT, ""), "{self:?}");
        assert!(self.set_cookies().is_empty(), "{self:?}");
    }
}
