# finds: flag=--dangerously-skip-permissions
# near miss: the same flag of a program that is no agent, and an agent with its approvals on
setup() { fake claude; fake codex; fake migrate; }
positive() { claude --dangerously-skip-permissions -p 'do it'; }
negative() { migrate --yolo; claude --permission-mode plan -p 'do it'; codex exec --ask-for-approval untrusted x; grep -r dangerously-skip-permissions .; }
