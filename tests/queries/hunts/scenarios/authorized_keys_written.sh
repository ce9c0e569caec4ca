# finds: target=/home/dev/.ssh/authorized_keys
# near miss: the list is read, and a new key pair's public half is written
setup() { mkdir -p ~/.ssh; }
positive() { echo 'ssh-ed25519 AAAA x' >>~/.ssh/authorized_keys; }
negative() { cat ~/.ssh/authorized_keys; echo 'ssh-ed25519 AAAA x' >~/.ssh/new.pub; echo x >authorized_keys; }
