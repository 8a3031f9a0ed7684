::core::compile_error! {
    "unknown session field attribute `flahs`\nhelp: did you mean `flash`?"
}
#[doc(hidden)]
#[allow(dead_code)]
struct VisitSession;
#[allow(dead_code, unused)]
const _: () = {
    use ::session_runtime::__private as __private;
    impl VisitSession {
        /// The value of `notice`.
        #[must_use]
        fn notice(&self) -> Option<String> {
            ::core::unreachable!()
        }
        /// Sets `notice`, whatever other requests stored meanwhile.
        fn set_notice(&self, value: Option<String>) {
            ::core::unreachable!()
        }
        /// Changes `notice` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_notice(
            &self,
            step: impl ::core::ops::Fn(
                &mut Option<String>,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Option<String> {
            ::core::unreachable!()
        }
        /// Removes `notice` from the session, so it reads as its default.
        fn clear_notice(&self) {
            ::core::unreachable!()
        }
        /// Whether the session holds a value of `notice`.
        #[must_use]
        fn has_notice(&self) -> ::core::primitive::bool {
            ::core::unreachable!()
        }
        /// Adds `amount` to `notice`, within the range of its type, and returns the value as this request sees it. Concurrent requests may all see the same value: the store merges them when they are saved.
        fn add_notice(&self, amount: Option<String>) -> Option<String> {
            ::core::unreachable!()
        }
        /// Subtracts `amount` from `notice`, within the range of its type, and returns the value as this request sees it. Concurrent requests may all see the same value: the store merges them when they are saved.
        fn sub_notice(&self, amount: Option<String>) -> Option<String> {
            ::core::unreachable!()
        }
        /// Leaves a message in `notice`, to be read once.
        fn flash_notice(&self, message: String) {
            ::core::unreachable!()
        }
        /// Returns `notice` and empties it.
        fn take_notice(&self) -> Option<String> {
            ::core::unreachable!()
        }
        /// Returns `notice` and leaves it as it is.
        #[must_use]
        fn peek_notice(&self) -> Option<String> {
            ::core::unreachable!()
        }
        /// When `notice` expires, unless it is written again. `None` if it has no value, or expires with the session.
        #[must_use]
        fn notice_expires_at(&self) -> ::core::option::Option<__private::Timestamp> {
            ::core::unreachable!()
        }
    }
    impl __private::SessionSchema for Visit {
        type Accessors = VisitSession;
        const NAME: &'static ::core::primitive::str = "";
        const KEYS: &'static [&'static ::core::primitive::str] = &[];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[];
        fn defaults() -> Self {
            ::core::unreachable!()
        }
        fn accessors(_: __private::View<Self>) -> VisitSession {
            ::core::unreachable!()
        }
    }
};
