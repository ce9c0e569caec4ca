# finds: processes=121
# with: many=100
# near miss: a few hundred
positive() { sh -c 'i=0; while [ $i -lt 120 ]; do (:); i=$((i+1)); done'; }
negative() { sh -c 'i=0; while [ $i -lt 60 ]; do (:); i=$((i+1)); done'; }
