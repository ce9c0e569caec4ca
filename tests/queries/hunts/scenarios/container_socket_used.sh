# finds: path=/var/run/docker.sock
# near miss: another socket in the same folder
positive() { curl -s --unix-socket /var/run/docker.sock http://localhost/containers/json; }
negative() { curl -s --unix-socket /var/run/dev-server.sock http://localhost/; }
