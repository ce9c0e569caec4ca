# finds: files=120 renamed=120
# near miss: as many new files, and a few that are renamed
setup() { mkdir -p docs new; for n in $(seq 120); do echo x >docs/$n.md; done; printf 'import os, sys\nfor number in range(1, int(sys.argv[1]) + 1):\n    os.rename(f"docs/{number}.md", f"docs/{number}.locked")\n' >lock.py; printf 'for number in range(120):\n    open(f"new/{number}.md", "x").close()\n' >make.py; }
positive() { python3 lock.py 120; }
negative() { python3 make.py; python3 lock.py 20; }
