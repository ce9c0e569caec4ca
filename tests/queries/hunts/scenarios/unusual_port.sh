# finds: dst_ip=203.0.113.9 dst_port=4444 connections=1
# near miss: the same port on loopback, a common port outside
positive() { curl -s -m 2 http://203.0.113.9:4444/; }
negative() { curl -s -m 2 http://127.0.0.1:4444/; curl -s -m 2 http://203.0.113.9:8080/; }
