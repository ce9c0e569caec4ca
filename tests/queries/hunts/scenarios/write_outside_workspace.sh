# finds: target=/home/dev/notes.txt workspace=/home/dev/work
# near miss: the workspace, a cache and a temporary file are written; a file outside is read
setup() { mkdir -p ~/.cache/tool; echo x >~/plan.txt; }
positive() { echo x >~/notes.txt; }
negative() { echo x >notes.txt; echo x >~/.cache/tool/state; echo x >/tmp/note; cat ~/plan.txt; }
