/// The accessors of [`Visit`]. A `Session<Visit>` dereferences to this type.
struct VisitSession {
    __view: ::session_runtime::__private::View<Visit>,
}
#[doc(hidden)]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use ::session_runtime::__private as __private;
    const __FIELD_0_TRIES: __private::Field<Visit, u8> = __private::field::<
        Visit,
        u8,
    >(
            0,
            "tries",
            |__values| &__values.tries,
            |__values| &mut __values.tries,
            <u8 as __private::DefaultField>::default_value,
        )
        .counter(<u8 as __private::Counter>::OPS)
        .ttl(900000);
    #[automatically_derived]
    impl VisitSession {
        /// The value of `tries`.
        #[must_use]
        fn tries(&self) -> u8 {
            __private::View::get(&self.__view, &__FIELD_0_TRIES)
        }
        /// Sets `tries`, whatever other requests stored meanwhile.
        fn set_tries(&self, value: u8) {
            __private::View::set(&self.__view, &__FIELD_0_TRIES, value);
        }
        /// Changes `tries` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_tries(
            &self,
            step: impl ::core::ops::Fn(
                &mut u8,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> u8 {
            __private::View::update(&self.__view, &__FIELD_0_TRIES, step)
        }
        /// Removes `tries` from the session, so it reads as its default.
        fn clear_tries(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_TRIES);
        }
        /// Whether the session holds a value of `tries`.
        #[must_use]
        fn has_tries(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_TRIES)
        }
        /// Adds `amount` to `tries`, within the range of its type, and returns the value as this request sees it. Concurrent requests may all see the same value: the store merges them when they are saved.
        fn add_tries(&self, amount: u8) -> u8 {
            __private::View::add(&self.__view, &__FIELD_0_TRIES, amount)
        }
        /// Subtracts `amount` from `tries`, within the range of its type, and returns the value as this request sees it. Concurrent requests may all see the same value: the store merges them when they are saved.
        fn sub_tries(&self, amount: u8) -> u8 {
            __private::View::sub(&self.__view, &__FIELD_0_TRIES, amount)
        }
        /// When `tries` expires, unless it is written again. `None` if it has no value, or expires with the session.
        #[must_use]
        fn tries_expires_at(&self) -> ::core::option::Option<__private::Timestamp> {
            __private::View::field_expires_at(&self.__view, &__FIELD_0_TRIES)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Visit {
        type Accessors = VisitSession;
        const NAME: &'static ::core::primitive::str = "Visit";
        const KEYS: &'static [&'static ::core::primitive::str] = &["tries"];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_TRIES,
        ];
        fn defaults() -> Self {
            Self {
                tries: __private::Field::default_value(&__FIELD_0_TRIES),
            }
        }
        fn accessors(view: __private::View<Self>) -> VisitSession {
            VisitSession { __view: view }
        }
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for VisitSession {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let mut debug = ::core::fmt::Formatter::debug_struct(f, "VisitSession");
            ::core::fmt::DebugStruct::finish_non_exhaustive(&mut debug)
        }
    }
};
