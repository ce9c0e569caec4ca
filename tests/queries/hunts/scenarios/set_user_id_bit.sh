# finds: bits=4755
# near miss: a file becomes executable, a folder gets the group's bit
setup() { cp /usr/bin/true tool; mkdir shared; }
positive() { chmod 4755 tool; }
negative() { chmod 755 tool; chmod g+s shared; }
