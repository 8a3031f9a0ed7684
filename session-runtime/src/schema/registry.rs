//! The schemas that share one session: no two may claim the same key.

use std::any::TypeId;
use std::sync::OnceLock;

use crate::error::{SessionError, SessionErrorKind};
use crate::schema::SessionSchema;

/// The schemas that an application uses together.
///
/// [`schemas!`](crate::schemas) makes it.
///
/// ```
/// use session_runtime::{Schemas, SessionSchema, schemas};
///
/// #[derive(SessionSchema)]
/// struct Visit {
///     theme: Option<String>,
/// }
///
/// #[derive(SessionSchema)]
/// #[session(prefix = "cart.")]
/// struct Cart {
///     items: Vec<u64>,
/// }
///
/// let schemas: Schemas = schemas![Visit, Cart];
/// # let _ = schemas;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Schemas(Vec<Claim>);

/// What one schema claims.
#[derive(Clone, Copy, Debug)]
struct Claim {
    schema: TypeId,
    names: Names,
}

/// What the compiler compares of a schema.
#[derive(Clone, Copy, Debug)]
#[doc(hidden)]
pub struct Names {
    schema: &'static str,
    keys: &'static [&'static str],
    principal: Option<&'static str>,
}

impl Names {
    /// The names of `S`.
    pub const fn of<S: SessionSchema>() -> Self {
        Self { schema: S::NAME, keys: S::KEYS, principal: S::PRINCIPAL }
    }
}

impl Schemas {
    /// Starts with no schemas.
    #[doc(hidden)]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds `S`.
    #[doc(hidden)]
    #[must_use]
    pub fn and<S: SessionSchema>(mut self) -> Self {
        self.0.push(Claim { schema: TypeId::of::<S>(), names: Names::of::<S>() });
        self
    }
}

/// The schemas that one `Sessions` has seen.
///
/// It is a linked list that only grows, so that requests read it without a lock.
#[derive(Debug, Default)]
pub(crate) struct Registry(OnceLock<Box<Seen>>);

#[derive(Debug)]
struct Seen {
    claim: Claim,
    next: Registry,
}

impl Registry {
    pub(crate) fn new(schemas: Schemas) -> Self {
        let before = |next, claim| Self(OnceLock::from(Box::new(Seen { claim, next })));
        schemas.0.into_iter().rev().fold(Self::default(), before)
    }

    /// Adds `S`, unless it claims something that another schema has claimed.
    pub(crate) fn admit<S: SessionSchema>(&self) -> Result<(), SessionError> {
        let schema = TypeId::of::<S>();
        if self.has(schema) {
            return Ok(());
        }
        let ours = Claim { schema, names: Names::of::<S>() };
        let mut end = self;
        loop {
            // If another thread adds a schema first, that one is compared like the others.
            let seen = end.0.get_or_init(|| Box::new(Seen { claim: ours, next: Self::default() }));
            if seen.claim.schema == schema {
                return Ok(());
            }
            if let Some(clash) = clash(&seen.claim.names, &ours.names) {
                let (a, b) = (seen.claim.names.schema, ours.names.schema);
                return Err(SessionErrorKind::Schema(clash.message(a, b).into()).into());
            }
            end = &seen.next;
        }
    }

    fn has(&self, schema: TypeId) -> bool {
        let mut rest = self;
        while let Some(seen) = rest.0.get() {
            if seen.claim.schema == schema {
                return true;
            }
            rest = &seen.next;
        }
        false
    }
}

/// Something that two schemas both claim.
enum Clash {
    Key(&'static str),
    Principal,
}

impl Clash {
    fn message(&self, a: &str, b: &str) -> String {
        match self {
            Self::Key(key) => format!("session schemas `{a}` and `{b}` both use the key `{key}`"),
            Self::Principal => format!("session schemas `{a}` and `{b}` both have a principal"),
        }
    }
}

const fn clash(a: &Names, b: &Names) -> Option<Clash> {
    let mut i = 0;
    while i < a.keys.len() {
        let mut others = b.keys;
        while let [other, rest @ ..] = others {
            if same(a.keys[i], other) {
                return Some(Clash::Key(a.keys[i]));
            }
            others = rest;
        }
        i += 1;
    }
    if a.principal.is_some() && b.principal.is_some() { Some(Clash::Principal) } else { None }
}

/// Compares two keys from their ends, where keys with the same prefix differ.
///
/// That saves steps, which the compiler counts: after two million of them, the lint
/// `long_running_const_eval` is an error.
const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([a_rest @ .., a_last], [b_rest @ .., b_last]) = (a, b) {
        if *a_last != *b_last {
            return false;
        }
        (a, b) = (a_rest, b_rest);
    }
    a.is_empty() && b.is_empty()
}

/// Stops the compiler if two schemas claim the same key, or if two have a principal.
#[doc(hidden)]
#[track_caller]
pub const fn assert_disjoint(schemas: &[Names]) {
    let mut i = 0;
    while i < schemas.len() {
        let mut j = i + 1;
        while j < schemas.len() {
            let (a, b) = (&schemas[i], &schemas[j]);
            match clash(a, b) {
                None => {}
                Some(Clash::Key(key)) => stop(&[
                    "session schemas `",
                    a.schema,
                    "` and `",
                    b.schema,
                    "` both use the key `",
                    key,
                    "`",
                ]),
                Some(Clash::Principal) => stop(&[
                    "session schemas `",
                    a.schema,
                    "` and `",
                    b.schema,
                    "` both have a principal",
                ]),
            }
            j += 1;
        }
        i += 1;
    }
}

/// Panics with the parts as one message, because `format!` does not run in the compiler.
#[track_caller]
const fn stop(parts: &[&str]) {
    const LONGEST: usize = 512;
    let mut message = [0; LONGEST];
    let (mut len, mut i) = (0, 0);
    while i < parts.len() {
        let part = parts[i].as_bytes();
        let mut j = 0;
        while j < part.len() && len < LONGEST {
            message[len] = part[j];
            len += 1;
            j += 1;
        }
        i += 1;
    }
    match core::str::from_utf8(message.split_at(len).0) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("two session schemas clash"),
    }
}

/// Lists the schemas that an application uses together.
///
/// It makes [`Schemas`](crate::Schemas) for
/// [`SessionsBuilder::schemas`](crate::SessionsBuilder::schemas). It does not compile if two
/// schemas claim the same key or alias, or if two have a principal:
///
/// ```compile_fail
/// use session_runtime::{SessionSchema, schemas};
///
/// #[derive(SessionSchema)]
/// struct Visit { token: u64 }
///
/// #[derive(SessionSchema)]
/// struct Csrf { token: String }
///
/// // error: session schemas `Visit` and `Csrf` both use the key `token`
/// let _ = schemas![Visit, Csrf];
/// ```
#[macro_export]
macro_rules! schemas {
    ($($schema:ty),+ $(,)?) => {{
        const _: () = $crate::__private::assert_disjoint(
            &[$($crate::__private::Names::of::<$schema>()),+],
        );
        $crate::Schemas::none()$(.and::<$schema>())+
    }};
}
