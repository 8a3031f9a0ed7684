/// The accessors of [`Visit`]. A `Session<Visit>` dereferences to this type.
struct VisitSession {
    __view: ::session_runtime::__private::View<Visit>,
}
#[doc(hidden)]
#[allow(dead_code, clippy::all, clippy::pedantic, clippy::restriction)]
const _: () = {
    use ::session_runtime::__private as __private;
    const __FIELD_0_USER_ID: __private::Field<Visit, Option<u64>> = __private::field::<
        Visit,
        Option<u64>,
    >(
            0,
            "user_id",
            |__values| &__values.user_id,
            |__values| &mut __values.user_id,
            <Option<u64> as __private::DefaultField>::default_value,
        )
        .principal();
    #[automatically_derived]
    impl VisitSession {
        /// The value of `user_id`.
        #[must_use]
        fn user_id(&self) -> Option<u64> {
            __private::View::get(&self.__view, &__FIELD_0_USER_ID)
        }
        /// Sets `user_id`, who is signed in. Another value renews the session's id.
        fn set_user_id(&self, value: Option<u64>) {
            __private::View::set(&self.__view, &__FIELD_0_USER_ID, value);
        }
        /// Removes `user_id`, so nobody is signed in. If somebody was, this renews the session's id.
        fn clear_user_id(&self) {
            __private::View::clear(&self.__view, &__FIELD_0_USER_ID);
        }
        /// Whether the session holds a value of `user_id`.
        #[must_use]
        fn has_user_id(&self) -> ::core::primitive::bool {
            __private::View::has(&self.__view, &__FIELD_0_USER_ID)
        }
    }
    #[automatically_derived]
    impl __private::SessionSchema for Visit {
        type Accessors = VisitSession;
        const NAME: &'static ::core::primitive::str = "Visit";
        const KEYS: &'static [&'static ::core::primitive::str] = &["user_id"];
        const PRINCIPAL: ::core::option::Option<&'static ::core::primitive::str> = ::core::option::Option::Some(
            "user_id",
        );
        const FIELDS: &'static [&'static dyn __private::AnyField<Self>] = &[
            &__FIELD_0_USER_ID,
        ];
        fn defaults() -> Self {
            Self {
                user_id: __private::Field::default_value(&__FIELD_0_USER_ID),
            }
        }
        fn accessors(view: __private::View<Self>) -> VisitSession {
            VisitSession { __view: view }
        }
    }
    #[automatically_derived]
    impl __private::PrincipalSchema for Visit {
        type Principal = <Option<u64> as __private::PrincipalField>::Id;
        const PRINCIPAL_KEY: &'static ::core::primitive::str = "user_id";
    }
    #[automatically_derived]
    impl ::core::fmt::Debug for VisitSession {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            let mut debug = ::core::fmt::Formatter::debug_struct(f, "VisitSession");
            ::core::fmt::DebugStruct::finish_non_exhaustive(&mut debug)
        }
    }
};
