-- title: Reverse shell
-- answers: Which shells talk to the network themselves, or were tied to a socket?
-- severity: critical
-- tactics: execution, command-and-control
-- attack: T1059.004, T1071, T1095
-- atlas: AML.T0072
-- owasp: ASI05
-- lookback: 5m
-- scheduled: yes
-- false positives: A script that checks by /dev/tcp whether a port is open; loopback is left out for that reason.
-- parameters:
--   shells: texts = @shells: shells
--   shapes: regex = (/dev/(tcp|udp)/[^ /]+/[0-9]+.*(<&|>&|exec|bash -i|sh -i)|(bash|sh|zsh) -i\s*[<>]+&|\b(nc|ncat|netcat)\b.* (-e|-c|--exec|--sh-exec) ?\S*(sh|cmd)|\bsocat\b.*(exec|system):\S*sh|socket\.socket.*(dup2|pty\.spawn|subprocess)|pty\.spawn.*socket|mkfifo .*\|.*sh.*\|.*nc |TCPSocket\.(new|open).*exec|fsockopen.*(exec|proc_open)|use Socket.*exec): command lines that tie a shell to a socket
-- columns:
--   dst_ip: address, where a shell connected
--   dst_port: port
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, dst_ip, dst_port, cmdline, [row_id] AS evidence
FROM outbound
-- busybox is a shell and many other things.
WHERE list_contains($shells, program) AND scope NOT IN ('loopback', 'multicast') AND protocol = 'tcp' AND program <> 'busybox'
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS dst_ip, NULL AS dst_port, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $shapes)
