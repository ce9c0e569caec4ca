# finds: cmdline~-R
# near miss: an ordinary login, and a tunnel program asked for its version
setup() { fake ssh; fake ngrok-docs; fake cloudflared; }
positive() { ssh -N -R 2222:localhost:22 box.example.com; cloudflared tunnel run x; }
negative() { ssh -i ~/.ssh/k -p 22 box.example.com; cloudflared version; ngrok-docs http; }
