use session_runtime::SessionSchema;

#[derive(SessionSchema)]
#[session(rename_all = "camelcase")]
struct Visit {
    counter: u64,
}

fn main() {}
