use session_runtime::SessionSchema;

#[derive(SessionSchema)]
struct Visit {
    #[session(upgrade(from = Old, with = text))]
    code: String,
}

struct Old;

fn text(_: Old) -> String {
    String::new()
}

fn main() {}
