use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    theme: &'static str,
    tags: Vec<&'static str>,
    bytes: Option<&'static [u8]>,
}

fn main() {}
