use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(default = page_size())]
    page_size: u32,
}

fn main() {}
