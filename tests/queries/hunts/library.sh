# Sourced by every scenario: stand-ins for programs, and nothing that harms.
# A scenario has positive and negative, each run under the sensor (and positive_next, negative_next in a run of its own
# afterwards). It may have setup, which is not recorded, and agent CASE, user and policy, which print.

fake() { # NAME: a program of this name that does nothing, whatever it is told
    cp /usr/bin/true "$HOME/bin/$1"
}
setup() { :; }
agent() { echo codex; }
user() { :; }
policy() { :; }
