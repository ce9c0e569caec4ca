# finds: path=/home/dev/.ssh/id_ed25519
# near miss: the public half and the list of known hosts are read, and git reads its own store
setup() { mkdir -p ~/.ssh; echo k >~/.ssh/id_ed25519; echo p >~/.ssh/id_ed25519.pub; echo h >~/.ssh/known_hosts; echo 'https://x:y@git.example.com' >~/.git-credentials; }
positive() { cat ~/.ssh/id_ed25519 >/dev/null; }
negative() { cat ~/.ssh/id_ed25519.pub ~/.ssh/known_hosts >/dev/null; printf 'protocol=https\nhost=git.example.com\n\n' | git credential-store get >/dev/null; }
