use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(flash)]
    notice: u32,
}

fn main() {}
