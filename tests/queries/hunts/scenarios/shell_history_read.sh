# finds: path=/home/dev/.bash_history
# near miss: a file of similar name in the workspace, and a shell that reads its own
setup() { echo 'ls' >~/.bash_history; echo x >bash_history.md; }
positive() { cat ~/.bash_history >/dev/null; }
negative() { cat bash_history.md >/dev/null; HISTFILE=~/.bash_history bash -c 'set -o history; history -r; true'; }
