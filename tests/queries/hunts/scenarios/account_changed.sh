# finds: cmdline~useradd
# near miss: accounts are looked up
setup() { fake useradd; fake getent; }
positive() { useradd -m -G sudo helper; }
negative() { getent passwd helper; cat /etc/passwd >/dev/null; }
