#!/usr/bin/env bash
# `make demo`: a scripted agent works, misbehaves, and is stopped; then the lake is asked what happened.
# Where this machine or user may not load BPF programs, a recorded session takes the agent's place, and that is said.
# Everything it writes, the planted key included, is below .demo/; the real home is neither read nor written.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly LICTOR=$PWD/.venv/bin/lictor REPO=$PWD DEMO=$PWD/.demo
readonly LAKE=$DEMO/lake RECORDED=sample-traces/attack

bold='' plain=''
[ ! -t 1 ] || { bold=$'\033[1m' plain=$'\033[0m'; }
heading() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
shown() { printf '$ %s\n' "$*"; }

plant() {
  rm -rf "$DEMO"
  mkdir -p "$DEMO/home/.ssh" "$DEMO/workspace"
  printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\nnot a real key\n' >"$DEMO/home/.ssh/id_ed25519"
  : >"$DEMO/home/.bashrc"
}

# Exit status 2 is Lictor's own word that it did not start the command; the agent itself always ends with 0.
live() {
  shown 'lictor run --policy demo/policy.yaml --lake .demo/lake -- demo/agent.sh'
  (cd "$DEMO/workspace" && HOME=$DEMO/home "$LICTOR" run --agent demo --policy "$REPO/demo/policy.yaml" --lake "$LAKE" -- "$REPO/demo/agent.sh" </dev/null)
}

recorded() {
  shown "lictor replay $RECORDED --lake .demo/lake"
  "$LICTOR" replay "$RECORDED" --lake "$LAKE"
}

session() {
  local status=0
  if [ "$(id -u)" != 0 ]; then
    echo 'This user may not load BPF programs, so a recorded session is replayed. To see it live: sudo make demo'
    recorded
    return
  fi
  live || status=$?
  [ "$status" -ne 0 ] || return 0
  # Only what the kernel refuses is made up for: a failure on a machine that permits all is Lictor's own, and must show.
  if [ "$status" -ne 2 ] || "$LICTOR" doctor --lake "$LAKE" >/dev/null 2>&1; then
    echo "demo: lictor run ended with $status, though this machine permits what it needs" >&2
    exit 1
  fi
  echo 'The kernel sensor cannot be used here (see the line above; lictor doctor tells more), so a recorded session is replayed.'
  recorded
}

ask() {
  heading "$1"
  "$LICTOR" sql --lake "$LAKE" "$2"
}

plant
heading 'A session of an agent'
session

heading 'What it did'
shown 'lictor show last --lake .demo/lake'
"$LICTOR" show last --lake "$LAKE"

ask 'What was denied, by which rule, and did it take effect?' "
  SELECT operation, coalesce(path, dst_ip || ':' || dst_port) AS object, exe, verdict, rule, enforced_at, enforcement
  FROM activity WHERE verdict IN ('deny', 'kill') ORDER BY time_ns"
ask 'Where did it connect?' "
  SELECT exe, protocol, coalesce(dst_ip || ':' || dst_port, path) AS peer, verdict, count(*) AS times
  FROM activity WHERE operation IN ('net.connect', 'net.send') GROUP BY ALL ORDER BY times DESC"
ask 'Which programs ran, and how often?' "
  SELECT exe, count(*) AS times FROM activity WHERE operation = 'exec' AND outcome = 'success' GROUP BY exe ORDER BY times DESC, exe"

heading 'Go on'
cat <<'TEXT'
The lake stays in .demo/lake. For example:
  .venv/bin/lictor sql --lake .demo/lake "SELECT time, exe, operation, path FROM activity ORDER BY time_ns"
  .venv/bin/lictor sql --lake .demo/lake "SELECT * FROM coverage"        (what was seen, and what was lost)
  .venv/bin/lictor policy test demo/policy.yaml                          (the policy's own tests)
  .venv/bin/lictor run --policy demo/policy.yaml -- YOUR-AGENT           (your own agent, as root)
docs/schema.md names every column, docs/cli.md every command.
TEXT

heading 'The same in a browser'
if [ -t 0 ] && [ -t 1 ]; then
  echo 'Open the address below. Ctrl-C ends it.'
  exec "$LICTOR" dashboard --lake "$LAKE" --port 0
fi
shown '.venv/bin/lictor dashboard --lake .demo/lake'
echo 'It prints its address: http://127.0.0.1:8501/ with a link that is good once. (No terminal here, so it is not started.)'
