use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    theme: String,
    #[session(alias = "theme")]
    colours: String,
}

fn main() {}
