# finds: distinct_programs=6
# near miss: one of them, asked again and again
positive() { whoami; id; uname -a; hostname; groups; df; } >/dev/null
negative() { uname -s; uname -m; uname -r; uname -a; id -u; hostname; } >/dev/null
