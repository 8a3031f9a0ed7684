use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    theme: String,
    #[session(name = "theme")]
    colours: String,
}

fn main() {}
