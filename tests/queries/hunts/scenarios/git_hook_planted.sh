# finds: target=/home/dev/work/.git/hooks/post-checkout
# near miss: git init brings its samples; settings are read
setup() { git init -q; rm -f .git/hooks/*; }
positive() { echo '#!/bin/sh' >.git/hooks/post-checkout; git config core.hooksPath /home/dev/h; }
negative() { git init -q other; git config --get core.hooksPath; git config user.name dev; }
