# finds: cmdline=sh decoder~base64
# near miss: what was decoded goes into a file; a shell reads plain text
positive() { echo dHJ1ZQo= | base64 -d | sh; }
negative() { echo dHJ1ZQo= | base64 -d >plain.txt; sleep 0.1; echo true | sh; }
