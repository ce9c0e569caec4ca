# finds: cmdline~ring.py
# near miss: a program that waits with epoll instead
setup() { printf 'import ctypes\nlibc = ctypes.CDLL(None)\nbuffer = ctypes.create_string_buffer(120)\nlibc.syscall(425, 4, buffer)\n' >ring.py; printf 'import select\nselect.epoll().close()\n' >poll.py; }
positive() { python3 ring.py; }
negative() { python3 poll.py; }
