# finds: program_file=/dev/shm/x
# near miss: it is written there and only read; a program of the workspace is run
setup() { mkdir -p /dev/shm; }
positive() { cp /usr/bin/true /dev/shm/x; /dev/shm/x; rm /dev/shm/x; }
negative() { cp /usr/bin/true /dev/shm/x; wc -c /dev/shm/x; rm /dev/shm/x; cp /usr/bin/true ./x; ./x; }
