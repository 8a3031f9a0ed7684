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
        fn notice(&self) -> Option<String> {
            ::core::unreachable!()
        }
        fn set_notice(&self, _: Option<String>) {
            ::core::unreachable!()
        }
        fn update_notice(
            &self,
            _: impl ::core::ops::Fn(&mut Option<String>),
        ) -> Option<String> {
            ::core::unreachable!()
        }
        fn clear_notice(&self) {
            ::core::unreachable!()
        }
        fn has_notice(&self) -> ::core::primitive::bool {
            ::core::unreachable!()
        }
        fn add_notice(&self, _: Option<String>) -> Option<String> {
            ::core::unreachable!()
        }
        fn sub_notice(&self, _: Option<String>) -> Option<String> {
            ::core::unreachable!()
        }
        fn flash_notice(&self, _: String) {
            ::core::unreachable!()
        }
        fn take_notice(&self) -> Option<String> {
            ::core::unreachable!()
        }
        fn peek_notice(&self) -> Option<String> {
            ::core::unreachable!()
        }
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
