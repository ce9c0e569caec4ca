# finds: rule=credentials denied_path=/home/dev/.ssh/id_ed25519
# near miss: after the denial another file is read
setup() { mkdir -p ~/.ssh; echo k >~/.ssh/id_ed25519; echo p >~/.ssh/id_ed25519.pub; }
policy() { printf 'lictor: 1\nname: keys\nmode: enforce\nrules:\n  - { id: credentials, on: file.read, match: { path: "/home/dev/.ssh/id_ed25519" }, action: deny, severity: high }\n'; }
positive() { cat ~/.ssh/id_ed25519; ln ~/.ssh/id_ed25519 notes.txt; }
negative() { cat ~/.ssh/id_ed25519; cat ~/.ssh/id_ed25519.pub; }
