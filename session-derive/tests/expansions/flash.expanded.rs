/// The accessors of [`Visit`]. A `Session<Visit>` dereferences to this type.
struct VisitSession {
    __view: ::session_runtime::__private::View<Visit>,
}
#[doc(hidden)]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use ::session_runtime::__private as __private;
    const __FIELD_0_NOTICE: __private::Field<Visit, Option<String>> = __private::field::<
        Visit,
        Option<String>,
    >(
            0,
            "notice",
            |__values| &__values.notice,
            |__values| &mut __values.notice,
            <Option<String> as __private::DefaultField>::default_value,
        )
        .flash(<Option<String> as __private::Flash>::OPS);
    #[automatically_derived]
    impl VisitSession {
        /// Leaves a message in `notice`, to be read once.
        fn flash_notice(&self, message: String) {
            __private::View::flash(
                &self.__view,
                &__FIELD_0_NOTICE,
                <Option<String> as __private::Flash>::one(message),
            );
        }
        /// Returns `notice` and empties it.
        fn take_notice(&self) -> Option<String> {
            __private::View::take(&self.__view, &__FIELD_0_NOTICE)
        }
        /// Returns `notice` and leaves it as it is.
        #[must_use]
        fn peek_notice(&self) -> Option<String> {
            __private::View::get(&self.__view, &__FIELD_0_NOTICE)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Visit {
        type Accessors = VisitSession;
        const NAME: &'static ::core::primitive::str = "Visit";
        const KEYS: &'static [&'static ::core::primitive::str] = &["notice"];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_NOTICE,
        ];
        fn defaults() -> Self {
            Self {
                notice: __private::Field::default_value(&__FIELD_0_NOTICE),
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
