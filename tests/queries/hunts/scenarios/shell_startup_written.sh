# finds: target=/home/dev/.bashrc operation=file.create
# near miss: the file is read, and one of that name is written in the workspace
setup() { echo x >~/.profile; }
positive() { echo 'alias ls="sh ~/x"' >>~/.bashrc; }
negative() { cat ~/.profile >/dev/null; echo 'alias ls=ls' >.bashrc; }
