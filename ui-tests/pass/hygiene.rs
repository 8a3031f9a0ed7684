//! The generated code works without a prelude, with other types under the names of the standard
//! library, with the runtime under another name, and where the user's names are like its own.

#![no_implicit_prelude]
#![deny(warnings)]

extern crate session_runtime as renamed;

mod facade {
    pub use ::session_runtime as sessions;
}

#[allow(dead_code)]
mod shadowed {
    pub struct Option;
    pub struct Vec;
    pub struct String;
    pub struct Field;
    pub struct View;
    pub struct Default;
    pub struct Session;
    pub trait SessionSchema {}
    pub trait Into {}
    pub type Result = ();
    #[allow(non_camel_case_types)]
    pub type bool = u8;
    #[allow(non_camel_case_types)]
    pub type str = u8;

    #[derive(::session_runtime::SessionSchema)]
    pub struct Visit {
        #[session(counter)]
        pub counter: u64,
        #[session(into)]
        pub value: ::std::option::Option<::std::string::String>,
        pub view: ::std::vec::Vec<u8>,
        #[session(default = { let field = 7; field })]
        pub field: u32,
        #[session(principal)]
        pub user: ::std::option::Option<u64>,
        #[session(flash)]
        pub message: ::std::option::Option<u8>,
    }
}

#[derive(::session_runtime::SessionSchema)]
#[session(crate = "crate::facade::sessions", prefix = "app.", rename_all = "kebab-case")]
#[session(accessors = "Handle", on_mismatch = "reset")]
struct Renamed {
    #[session(alias = "lang")]
    chosen_language: u32,
    #[session(key = "n")]
    number: u32,
}

/// A type with the name of one of the standard library.
mod own {
    use ::std::option;

    #[derive(::std::clone::Clone, ::std::default::Default)]
    #[derive(::serde::Serialize, ::serde::Deserialize)]
    pub struct Option<T>(T);

    impl<T> ::std::convert::From<T> for Option<T> {
        fn from(value: T) -> Self {
            Self(value)
        }
    }

    #[derive(::session_runtime::SessionSchema)]
    pub struct Visit {
        #[session(into)]
        pub own: self::Option<u8>,
        #[session(into)]
        pub option: option::Option<u8>,
        #[session(into)]
        pub core: ::core::option::Option<u8>,
    }
}

/// A trait that gives every type the methods which the generated code calls. Rust would find these
/// first, because they take `self`.
#[allow(dead_code)]
mod everywhere {
    macro_rules! methods {
        ($($name:ident)*) => {
            pub trait Everywhere: ::std::marker::Sized {
                $(fn $name(self) {})*
            }
        };
    }

    methods! {
        accessors add aliases clear counter debug_struct default_value field_expires_at
        finish_non_exhaustive flash get has into into_option one principal reset_on_mismatch set sub
        take ttl update upgrade
    }

    impl<T> Everywhere for T {}

    #[derive(::session_runtime::SessionSchema)]
    #[session(on_mismatch = "reset")]
    pub struct Visit {
        #[session(counter, ttl = "1m", alias = "hits", upgrade(from = i8, with = |_| 0))]
        counter: u64,
        #[session(into)]
        value: ::std::option::Option<::std::string::String>,
        #[session(principal)]
        user: ::std::option::Option<u64>,
        #[session(flash, into)]
        message: ::std::vec::Vec<::std::string::String>,
    }
}

#[derive(::session_runtime::SessionSchema)]
#[session(crate = "::session_runtime")]
struct Absolute {
    number: u32,
}

fn handler(session: &renamed::Session<Renamed>) -> u32 {
    let _: Handle;
    session.chosen_language() + session.number()
}

fn main() {
    let _ = (handler, |session: renamed::Session<Absolute>| session.number());
    let _ = |session: renamed::Session<shadowed::Visit>| {
        session.set_value(::std::string::String::new())
    };
    let _ = |session: renamed::Session<own::Visit>| {
        session.set_own(1);
        session.set_option(1);
        session.set_core(1);
    };
    ::std::assert_eq!(
        <Renamed as renamed::SessionSchema>::KEYS,
        ["app.chosen-language", "app.lang", "app.n"],
    );
}
