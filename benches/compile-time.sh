#!/usr/bin/env bash
# The compile time of a session schema of 50 fields, next to serde's derives on the same struct.
#
#   benches/compile-time.sh [runs]
#
# Three crates have the same dependencies and the same field types: the bare struct, with `Serialize,
# Deserialize`, and with `SessionSchema`. They are checked in turn, each after a change of its one file. The
# result is how much longer each derive takes than the bare struct: from nothing, and incrementally, where
# only a comment has changed. On a busy machine compare the CPU time.
set -euo pipefail

runs=${1:-11}
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fields() {
    local counter=$1 flash=$2 i
    for i in $(seq 1 10); do
        echo "    $counter pub count_$i: u64,"
        echo "    pub name_$i: Option<String>,"
        echo "    pub list_$i: Vec<Item>,"
        echo "    pub flag_$i: bool,"
        echo "    $flash pub notice_$i: Option<String>,"
    done
}

crate() {
    local name=$1 derive=$2 counter=$3 flash=$4
    mkdir -p "$work/$name/src"
    cat >"$work/$name/Cargo.toml" <<TOML
[package]
name = "$name"
edition = "2024"

[dependencies]
serde = { version = "1", features = ["derive"] }
session-runtime = { path = "$root/session-runtime" }
TOML
    {
        echo "#[derive(Clone, serde::Serialize, serde::Deserialize)]"
        echo "pub struct Item { pub name: String }"
        echo
        echo "$derive"
        echo "pub struct Fifty {"
        fields "$counter" "$flash"
        echo "}"
    } >"$work/$name/src/lib.rs"
}

crate bare "" "" ""
crate serde_derives "#[derive(serde::Serialize, serde::Deserialize)]" "" ""
crate session_schema "#[derive(session_runtime::SessionSchema)]" \
    "#[session(counter)]" "#[session(flash)]"
crates=(bare serde_derives session_schema)
printf '[workspace]\nresolver = "3"\nmembers = ["bare", "serde_derives", "session_schema"]\n' \
    >"$work/Cargo.toml"
cp "$root/Cargo.lock" "$work/"
cd "$work"

# Seconds of wall time, and of CPU time in user and system mode.
TIMEFORMAT='%R %U %S'

measure() {
    local name
    cargo check --quiet
    rm -f ./*.times
    for _ in $(seq "$runs"); do
        for name in "${crates[@]}"; do
            echo "// changed" >>"$name/src/lib.rs"
            { time cargo check --quiet --package "$name"; } 2>>"$name.times"
        done
    done
    for name in "${crates[@]}"; do
        printf '%-16s %9s %9s\n' "$name" \
            "$(awk '{ print $1 * 1000 }' "$name.times" | median)" \
            "$(awk '{ print ($2 + $3) * 1000 }' "$name.times" | median)"
    done
}

median() {
    sort -n | awk '{ t[NR] = $1 } END { print t[int((NR + 1) / 2)] }'
}

for incremental in 0 1; do
    export CARGO_INCREMENTAL=$incremental
    printf '\nCARGO_INCREMENTAL=%s\n%-16s %9s %9s  (medians of %s runs, ms)\n' \
        "$incremental" crate wall CPU "$runs"
    measure
done
