# finds: interface='browser debugging' dst_port=9222
# near miss: the project's own server on loopback; that port elsewhere
positive() { curl -s -m 2 http://127.0.0.1:9222/json; }
negative() { curl -s -m 2 http://127.0.0.1:8080/json; curl -s -m 2 http://203.0.113.9:9222/json; }
