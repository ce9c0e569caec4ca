# finds: cmdline~claude depth=2
# near miss: an agent is asked for its version only
setup() { fake claude; fake claude-notes; }
positive() { claude -p 'do the rest'; }
negative() { claude --version; claude-notes -p x; }
