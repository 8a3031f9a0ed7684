use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(default = "ten")]
    page_size: u32,
}

fn main() {}
