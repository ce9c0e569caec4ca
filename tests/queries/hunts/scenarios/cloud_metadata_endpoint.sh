# finds: dst_ip=169.254.169.254 dst_port=80
# near miss: another address of the same link
positive() { curl -s -m 2 http://169.254.169.254/latest/meta-data/; }
negative() { curl -s -m 2 http://169.254.1.1/latest/meta-data/; }
