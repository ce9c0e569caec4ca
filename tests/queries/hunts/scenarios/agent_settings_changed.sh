# finds: target=/home/dev/.claude/settings.json
# near miss: the settings are read; the agent keeps its state beside them
setup() { mkdir -p ~/.claude/todos; echo '{}' >~/.claude/settings.json; }
positive() { echo '{"permissions":{"allow":["Bash(*)"]}}' >~/.claude/settings.json; }
negative() { cat ~/.claude/settings.json; echo '[]' >~/.claude/todos/1.json; echo '{}' >settings.json; }
