# finds: cmdline~clean
# near miss: what is deleted is in the workspace; a dry run; a push without force
setup() { git init -q; fake dropdb; mkdir -p build; git remote add origin /home/dev/none; }
positive() { git clean -fdx -q; dropdb production; }
negative() { rm -rf build; git clean -n; git push -q origin HEAD 2>/dev/null; git branch -D topic 2>/dev/null; }
