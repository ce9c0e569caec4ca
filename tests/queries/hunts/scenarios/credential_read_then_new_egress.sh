# finds: path=/home/dev/.aws/credentials dst_ip=203.0.113.9
# near miss: the same read and the same connection, but the address was asked for before the file was read
setup() { mkdir -p ~/.aws; echo secret >~/.aws/credentials; }
positive() { cat ~/.aws/credentials >/dev/null; curl -s -m 2 http://203.0.113.9/; }
negative() { curl -s -m 2 http://203.0.113.9/; cat ~/.aws/credentials >/dev/null; curl -s -m 2 http://203.0.113.9/; }
