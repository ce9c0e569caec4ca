# finds: targets=25 private_targets=25
# near miss: a handful of machines, asked again and again
setup() { printf 'import socket, sys\nfor number in range(25):\n    sock = socket.socket()\n    sock.settimeout(1)\n    sock.connect_ex((f"10.0.0.{1 + number %% int(sys.argv[1])}", 80))\n    sock.close()\n' >dial.py; }
positive() { python3 dial.py 25; }
negative() { python3 dial.py 3; }
