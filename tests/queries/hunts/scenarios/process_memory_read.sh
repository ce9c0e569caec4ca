# finds: cmdline~environ
# near miss: a process looks at its own environment, and at another one's status
positive() { cat /proc/$PPID/environ >/dev/null; }
negative() { cat /proc/self/environ >/dev/null; cat /proc/$PPID/status >/dev/null; }
