# finds: target=/etc/lictor/policy.yaml
# near miss: the rules are read; a copy is changed in the project
setup() { mkdir -p /etc/lictor; echo x >/etc/lictor/policy.yaml; }
positive() { echo 'mode: audit' >>/etc/lictor/policy.yaml; }
negative() { cat /etc/lictor/policy.yaml; mkdir -p etc/lictor; cp /etc/lictor/policy.yaml etc/lictor/; }
