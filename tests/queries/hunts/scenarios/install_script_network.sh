# finds: dst_ip=198.51.100.7 install~npm
# near miss: only the package manager itself connects; its script stays on the host
setup() {
    printf '#!/bin/sh\nsh ./postinstall.sh\ntrue\n' >~/bin/npm; chmod +x ~/bin/npm
}
positive() { echo 'curl -s -m 2 http://198.51.100.7/' >postinstall.sh; npm install left-pad; }
negative() { echo 'curl -s -m 2 http://127.0.0.1/; true' >postinstall.sh; npm install left-pad; curl -s -m 2 http://198.51.100.7/; }
