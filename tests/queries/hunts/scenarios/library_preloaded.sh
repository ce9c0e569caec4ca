# finds: cmdline~LD_PRELOAD
# near miss: a library that is meant well; the loader's file is read
positive() { env LD_PRELOAD=/home/dev/evil.so true 2>/dev/null; }
negative() { env LD_PRELOAD=/usr/lib/libjemalloc.so.2 true 2>/dev/null; cat /etc/ld.so.conf >/dev/null; }
