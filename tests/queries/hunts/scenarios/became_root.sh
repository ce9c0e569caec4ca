# finds: uid=0 uid_before=65534
# near miss: the program has the bit and stays harmless; the others remain who they were
user() { echo nobody; }
setup() { cp /usr/bin/id rootid; chmod 4755 rootid; cp /usr/bin/true ping; chmod 4755 ping; }
positive() { ./rootid >/dev/null; }
negative() { ./ping; id >/dev/null; }
