# finds: owner=claude-code path=/home/dev/.claude/.credentials.json
# near miss: Codex reads its own login
setup() { mkdir -p ~/.claude ~/.codex; echo '{}' >~/.claude/.credentials.json; echo '{}' >~/.codex/auth.json; }
positive() { cat ~/.claude/.credentials.json; }
negative() { cat ~/.codex/auth.json; }
