# finds: switch~danger-full-access
# near miss: the sandbox is on; a browser's own switch
setup() { fake codex; fake chromium; }
positive() { codex exec --sandbox danger-full-access 'do it'; }
negative() { codex exec --sandbox workspace-write 'do it'; chromium --no-sandbox --headless; }
