/// The accessors of [`Visit`]: what a `Session<Visit>` dereferences to.
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
        /// Sets `counter`: this request's value wins.
        fn set_counter(&self, value: u64) {
            __private::View::set(&self.__view, &__FIELD_0_COUNTER, value);
        }
        /// Rewrites `counter` with `step` and returns the new value; `step` runs again if another request changed the field meanwhile.
        fn update_counter(
            &self,
            step: impl ::core::ops::Fn(
                &mut u64,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> u64 {
            __private::View::update(&self.__view, &__FIELD_0_COUNTER, step)
        }
        /// Removes `counter` from the session: it reads as its default again.
        fn clear_counter(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_COUNTER);
        }
        /// Whether the session holds a value of `counter`.
        #[must_use]
        fn has_counter(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_COUNTER)
        }
        /// Adds to `counter`, within its range, and returns the new value; what concurrent requests add is never lost.
        fn add_counter(&self, amount: u64) -> u64 {
            __private::View::add(&self.__view, &__FIELD_0_COUNTER, amount)
        }
        /// Subtracts from `counter`, within its range, and returns the new value; what concurrent requests subtract is never lost.
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
