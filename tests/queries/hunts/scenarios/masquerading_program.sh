# finds: program_file=/home/dev/bin/sshd
# near miss: the same program under a name of its own
setup() { fake sshd; fake sshd-config-check; }
positive() { sshd -D; }
negative() { sshd-config-check; }
