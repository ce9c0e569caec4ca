#!/usr/bin/env bash
# Gets this machine ready for `make demo` and `make test`: system packages where it may install them, .venv always.
# What cannot be had is named, with what it costs and how to get it; only a missing Python stops the set-up, since
# everything else has a next best way. Says one line for each thing that it does, and little when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 2; }

# Debian package (or, where a distribution has not the first, another) | sign that it is there | what is lost without it
readonly NEEDS=(
  "clang|command:clang|no kernel sensor: the demo replays a recorded session, the kernel tests are skipped"
  "llvm|command:llvm-strip|the kernel sensor is not stripped of its debugging sections"
  "libbpf-dev|header:bpf/bpf_helpers.h|the kernel sensor is not compiled"
  "libbpf1|library:libbpf.so.1|the kernel sensor is not loaded"
  "gcc|command:gcc|no load generator: benchmarks and tests of sustained load are skipped"
  "libc6-dev|header:stdlib.h|gcc compiles nothing that uses the C library"
  "strace|command:strace|tests that compare with strace are skipped"
  "bubblewrap|command:bwrap|MXC's own runner is asked about fewer configurations"
  "slirp4netns|command:slirp4netns|MXC's own runner is asked about fewer configurations"
  "rsyslog|command:rsyslogd|exports over syslog are not tested against a real daemon"
  "rsyslog-gnutls|file:/usr/share/doc/rsyslog-gnutls|exports over syslog with TLS are not tested against a real daemon"
  "chromium-headless-shell/chromium|command:chromium-headless-shell/chromium|the dashboard is not tested in a browser"
  "curl|command:curl|the demo's agent tries no upload"
  "git|command:git|the demo's agent makes no commit"
)

# The first Python that is new enough and can make virtual environments; $PYTHON goes first.
find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
    "$candidate" -c "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || continue
    printf '%s\n' "$candidate"
    return
  done
}

present() {
  local name=${1#*:}
  case $1 in
    command:*) command -v ${name//\// } >/dev/null ;;  # one of several is enough
    header:*) [ -e "/usr/include/$name" ] ;;
    file:*) [ -e "$name" ] ;;
    library:*) [ -n "$python" ] && "$python" -c "import ctypes; ctypes.CDLL('$name')" 2>/dev/null ;;
  esac
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

# Of each package's names the first that the lists know: apt-get installs nothing at all where one name is unknown to it.
known() {
  local names name
  for names in "$@"; do
    for name in ${names//\// }; do
      apt-cache show "$name" >/dev/null 2>&1 && break
    done
    printf '%s\n' "$name"
  done
}

install() {
  local log
  log=$(mktemp)
  say "installing with apt-get: ${*//\// or }"
  if { apt-get update && apt-get install -y --no-install-recommends $(known "$@"); } </dev/null >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 5 "$log" >&2
    say "apt-get failed (the whole output: $log); going on with what is here"
  fi
}

system_packages() {
  local need package sign
  local missing=()
  [ -n "$python" ] || missing=(python3 python3-venv)  # Debian splits venv and ensurepip off its Python
  for need in "${NEEDS[@]}"; do
    IFS='|' read -r package sign _ <<<"$need"
    present "$sign" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if may_install; then
    export DEBIAN_FRONTEND=noninteractive
    install "${missing[@]}"
    python=$(find_python)
  fi
}

report_missing() {
  local need package sign cost
  for need in "${NEEDS[@]}"; do
    IFS='|' read -r package sign cost <<<"$need"
    present "$sign" || say "missing: ${package//\// or }. Without it: $cost. To get it, as root: apt-get install ${package//\// or }"
  done
}

# Made anew only when the dependencies, the interpreter or the folder changed: the stamp's name is a hash of the three.
virtual_environment() {
  local key stamp
  key=$({ cat pyproject.toml; pwd; "$python" -VV; } | sha256sum | cut -c1-16)
  stamp=.venv/lictor-setup-$key
  [ -e "$stamp" ] && .venv/bin/python -c '' 2>/dev/null && return
  say "making .venv with $("$python" -V) and installing Lictor's Python packages into it (a minute or two)"
  # Another interpreter's packages would not load; the same one's are kept and only brought up to date.
  [ "$(.venv/bin/python -VV 2>/dev/null)" = "$("$python" -VV)" ] || rm -rf .venv
  "$python" -m venv .venv || fail "could not make .venv; is there room on the disk?"
  # compat: the source folder itself is on the path, so that a package added later is found without a new set-up.
  .venv/bin/python -m pip install -qq --disable-pip-version-check --editable '.[dev]' --config-settings editable_mode=compat </dev/null ||
    fail "pip could not install the packages (see above). Reach a Python package index, then run make setup again"
  touch "$stamp"
}

python=$(find_python)
making=
if [ -n "$python" ]; then  # pip and apt-get wait for the network, and not for each other
  virtual_environment &
  making=$!
fi
system_packages
report_missing
[ -n "$python" ] ||
  fail "no Python 3.11 or newer with venv here. As root: apt-get install python3 python3-venv; or name one: make setup PYTHON=/path/to/python3"
if [ -n "$making" ]; then wait "$making"; else virtual_environment; fi
say "ready ($(.venv/bin/python -V); try .venv/bin/lictor doctor)"
