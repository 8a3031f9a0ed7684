use session_runtime::{PrincipalSchema, SessionSchema};

#[derive(SessionSchema)]
struct Visit {
    counter: u64,
}

fn needs_principal<S: PrincipalSchema>() {}

fn main() {
    needs_principal::<Visit>();
}
