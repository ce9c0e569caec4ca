# finds: src_ip=0.0.0.0 src_port=8931
# near miss: the same server on loopback
setup() { printf 'import socket, sys\nsock = socket.socket()\nsock.bind((sys.argv[1], 8931))\nsock.listen()\n' >server.py; }
positive() { python3 server.py 0.0.0.0; }
negative() { python3 server.py 127.0.0.1; }
