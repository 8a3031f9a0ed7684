use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(on_mismatch = "panic")]
struct Visit {
    #[session(conter)]
    counter: u64,
    #[session(key = 1, flash = true)]
    notice: Option<String>,
    #[session(key = "the theme")]
    theme: String,
    id: u64,
}

fn main() {}
