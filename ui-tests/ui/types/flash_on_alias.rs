use session_runtime::SessionSchema;

type Notice = String;

#[derive(SessionSchema)]
struct Visit {
    #[session(flash)]
    notice: Notice,
}

fn main() {}
