/// The accessors of [`Visit`]. A `Session<Visit>` dereferences to this type.
struct VisitSession {
    __view: ::session_runtime::__private::View<Visit>,
}
#[doc(hidden)]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use ::session_runtime::__private as __private;
    const __FIELD_0_THEME: __private::Field<Visit, Option<String>> = __private::field::<
        Visit,
        Option<String>,
    >(
        0,
        "theme",
        |__values| &__values.theme,
        |__values| &mut __values.theme,
        <Option<String> as __private::DefaultField>::default_value,
    );
    #[automatically_derived]
    impl VisitSession {
        /// The value of `theme`.
        ///
        /// Light or dark.
        #[must_use]
        pub fn theme(&self) -> Option<String> {
            __private::View::get(&self.__view, &__FIELD_0_THEME)
        }
        /// Sets `theme`, whatever other requests stored meanwhile.
        ///
        /// Light or dark.
        pub fn set_theme(&self, value: Option<String>) {
            __private::View::set(&self.__view, &__FIELD_0_THEME, value);
        }
        /// Changes `theme` with `step`, and returns the value as this request sees it. `step` runs again if another request changed the field meanwhile.
        ///
        /// Light or dark.
        pub fn update_theme(
            &self,
            step: impl ::core::ops::Fn(
                &mut Option<String>,
            ) + ::core::marker::Send + ::core::marker::Sync + 'static,
        ) -> Option<String> {
            __private::View::update(&self.__view, &__FIELD_0_THEME, step)
        }
        /// Removes `theme` from the session, so it reads as its default.
        ///
        /// Light or dark.
        pub fn clear_theme(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_THEME);
        }
        /// Whether the session holds a value of `theme`.
        ///
        /// Light or dark.
        #[must_use]
        pub fn has_theme(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_THEME)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Visit {
        type Accessors = VisitSession;
        const NAME: &'static ::core::primitive::str = "Visit";
        const KEYS: &'static [&'static ::core::primitive::str] = &["theme"];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::None;
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_THEME,
        ];
        fn defaults() -> Self {
            Self {
                theme: __private::Field::default_value(&__FIELD_0_THEME),
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
