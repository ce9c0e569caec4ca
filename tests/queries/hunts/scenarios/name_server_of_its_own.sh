# finds: dst_ip=203.0.113.53 questions=3
# near miss: the same questions to a resolver of the house
setup() { printf 'import socket, sys\nout = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nfor number in range(3):\n    out.sendto(b"question %%d" %% number, (sys.argv[1], 53))\n' >ask.py; }
positive() { python3 ask.py 203.0.113.53; }
negative() { python3 ask.py 10.0.0.2; }
