-- title: Container engine's socket used
-- answers: Which agents spoke to a container engine, which makes whoever may do so root of the host?
-- severity: high
-- tactics: privilege-escalation, execution
-- attack: T1611, T1610
-- atlas: AML.T0105
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Projects that run their tests in containers, by the engine's own client.
-- parameters:
--   sockets: globs = /{var/run,run}/{docker.sock,containerd/containerd.sock,crio/crio.sock,podman/podman.sock,lxd.socket,incus/unix.socket},/run/user/*/{docker.sock,podman/podman.sock},/var/{lib,snap}/**/lxd/unix.socket,/run/k3s/containerd/containerd.sock: sockets of engines
--   clients: texts = docker,docker-compose,docker-buildx,podman,nerdctl,ctr,crictl,lxc,incus,buildx: clients whose use is fine
-- columns:
--   path: the socket
--   cmdline: command line of the program
--   outcome: how the call ended
SELECT *, [row_id] AS evidence
FROM events
WHERE operation = 'net.connect' AND protocol = 'unix' AND regexp_full_match(path, $sockets) AND NOT list_contains($clients, program)
