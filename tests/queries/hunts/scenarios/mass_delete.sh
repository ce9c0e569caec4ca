# finds: deleted=61 folders=2
# near miss: a few documents and a whole build folder
setup() { mkdir -p docs build; for n in $(seq 60); do echo x >docs/$n.md; echo x >build/$n.o; done; }
positive() { rm -r docs; }
negative() { rm docs/1.md docs/2.md docs/3.md; rm -r build; }
