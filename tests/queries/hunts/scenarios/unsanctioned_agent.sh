# finds: agent=aider runs=1
# near miss: an approved agent whose work mentions another one
agent() { case $1 in positive) echo aider;; *) echo codex;; esac; }
positive() { ls >/dev/null; }
negative() { grep -rn aider .; }
