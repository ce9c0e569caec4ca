# finds: target=/home/dev/.claude/skills/x/SKILL.md
# near miss: a skill is read; a document of that name is written in the project
setup() { mkdir -p ~/.claude/skills/x ~/.claude/skills/y docs; echo x >~/.claude/skills/y/SKILL.md; }
positive() { echo 'run this' >~/.claude/skills/x/SKILL.md; }
negative() { cat ~/.claude/skills/y/SKILL.md; echo x >docs/SKILL.md; }
