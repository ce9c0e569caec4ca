# finds: cmdline~uptime
# near miss: the code host answers and runs nothing; a login without a command
setup() { fake ssh; fake kubectl; }
positive() { ssh build.example.com uptime; kubectl exec pod -- id; }
negative() { ssh -T git@github.com git-upload-pack x; ssh build.example.com; ssh -i k -p 22 build.example.com; kubectl get pods; }
