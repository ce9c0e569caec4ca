# finds: cmdline~auditd
# near miss: another service is stopped; a guard is asked how it is; a process of the project is killed
setup() { fake systemctl; fake pkill; }
positive() { systemctl stop auditd; pkill -9 falco; }
negative() { systemctl stop nginx; systemctl status auditd; pkill -f 'python3 server.py'; }
