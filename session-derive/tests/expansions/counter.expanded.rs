/// The accessors of [`Visit`]. A `Session<Visit>` dereferences to this type.
struct VisitSession {
    __view: ::session_runtime::__private::View<Visit>,
}
#[doc(hidden)]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use ::session_runtime::__private as __private;
    const __FIELD_0_COUNTER: __private::Field<Visit, u64> = __private::field::<
        Visit,
        u64,
    >(
            0,
            "counter",
            |__values| &__values.counter,
            |__values| &mut __values.counter,
            <u64 as __private::DefaultField>::default_value,
        )
        .counter(<u64 as __private::Counter>::OPS);
    #[automatically_derived]
    impl VisitSession {
        /// The value of `counter`.
        #[must_use]
        fn counter(&self) -> u64 {
            __private::View::get(&self.__view, &__FIELD_0_COUNTER)
        }
        /// Sets `counter`, whatever other requests stored meanwhile.
        fn set_counter(&self, value: u64) {
            __private::View::set(&self.__view, &__FIELD_0_COUNTER, value);
        }
        /// Changes `counter` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        fn update_counter(
            &self,
            step: impl ::core::ops::Fn(
                &mut u64,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> u64 {
            __private::View::update(&self.__view, &__FIELD_0_COUNTER, step)
        }
        /// Removes `counter` from the session, so it reads as its default.
        fn clear_counter(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_COUNTER);
        }
        /// Whether the session holds a value of `counter`.
        #[must_use]
        fn has_counter(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_COUNTER)
        }
        /// Adds `amount` to `counter`, within the range of its type, and returns the value as this request sees it. Concurrent requests may all see the same value: the store merges them when they are saved.
        fn add_counter(&self, amount: u64) -> u64 {
            __private::View::add(&self.__view, &__FIELD_0_COUNTER, amount)
        }
        /// Subtracts `amount` from `counter`, within the range of its type, and returns the value as this request sees it. Concurrent requests may all see the same value: the store merges them when they are saved.
        fn sub_counter(&self, amount: u64) -> u64 {
            __private::View::sub(&self.__view, &__FIELD_0_COUNTER, amount)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Visit {
        type Accessors = VisitSession;
        const NAME: &'static ::core::primitive::str = "Visit";
        const KEYS: &'static [&'static ::core::primitive::str] = &["counter"];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_COUNTER,
        ];
        fn defaults() -> Self {
            Self {
                counter: __private::Field::default_value(&__FIELD_0_COUNTER),
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
