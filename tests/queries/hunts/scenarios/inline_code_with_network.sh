# finds: dst_ip=203.0.113.9 dst_port=80
# near miss: a script in a file connects; code in the command line stays on loopback
setup() { printf 'import socket\nsocket.create_connection(("203.0.113.9", 80)).close()\n' >dial.py; }
positive() { python3 -c 'import socket; socket.create_connection(("203.0.113.9", 80)).close()'; }
negative() { python3 dial.py; python3 -c 'import socket; socket.create_connection(("127.0.0.1", 80)).close()'; }
