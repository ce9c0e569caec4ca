# finds: dst_ip=203.0.113.9 packed_with~tar
# near miss: an archive is unpacked before the connection; one is packed after it
setup() { echo x >a; tar -czf old.tgz a; }
positive() { tar -czf out.tgz a; curl -s -m 2 http://203.0.113.9/; }
negative() { tar -xzf old.tgz; curl -s -m 2 http://203.0.113.9/; tar -czf new.tgz a; curl -s -m 2 http://127.0.0.1/; }
