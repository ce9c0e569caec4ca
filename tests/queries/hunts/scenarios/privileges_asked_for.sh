# finds: cmdline~sudo
# near miss: the word is an argument; id tells who one is
setup() { fake sudo; }
positive() { sudo -n true; }
negative() { grep -rn sudo .; id >/dev/null; }
