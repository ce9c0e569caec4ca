# finds: program_file=/home/dev/later.sh
# near miss: the run itself starts what it wrote; the next one starts a file that was there before
setup() { printf '#!/bin/sh\ntrue\n' >~/old.sh; chmod +x ~/old.sh; }
positive() { printf '#!/bin/sh\ntrue\n' >~/later.sh; chmod +x ~/later.sh; }
positive_next() { ~/later.sh; }
negative() { printf '#!/bin/sh\ntrue\n' >~/now.sh; chmod +x ~/now.sh; ~/now.sh; }
negative_next() { ~/old.sh; }
