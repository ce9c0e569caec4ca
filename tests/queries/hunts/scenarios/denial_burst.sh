# finds: denials=6 rules=no-network
# near miss: two denials of the same kind
policy() { printf 'lictor: 1\nname: quiet\nmode: enforce\nrules:\n  - { id: no-network, on: net.connect, match: { ip: ["203.0.113.0/24"] }, action: deny, severity: high }\n'; }
positive() { for n in 1 2 3 4 5 6; do curl -s -m 1 http://203.0.113.$n/; done; }
negative() { for n in 1 2; do curl -s -m 1 http://203.0.113.$n/; done; }
