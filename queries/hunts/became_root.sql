-- title: Process of an agent became root
-- answers: Which runs began as an ordinary user and have a program that runs as root?
-- severity: high
-- tactics: privilege-escalation
-- attack: T1548
-- atlas: AML.T0105
-- owasp: ASI03
-- lookback: 1h
-- scheduled: yes
-- false positives: sudo that a person answered. Programs with the set-user-id bit that do one thing (ping, fusermount).
-- parameters:
--   harmless: texts = ping,fusermount,fusermount3,newgrp,newuidmap,newgidmap,mount,umount,chfn,chsh,gpasswd,unix_chkpwd,ssh-keysign,traceroute: programs with that bit that give no shell
-- columns:
--   uid: user id of the program
--   uid_before: user id of the parent
--   cmdline: command line of the program
SELECT
    c.time, c.host, c.agent_run, c.agent, c.process_key, c.pid, c.exe, c.uid, p.uid AS uid_before, c.cmdline,
    [p.row_id, c.row_id] AS evidence
FROM commands AS c
JOIN commands AS p
    ON p.agent_run = c.agent_run AND (p.process_key = c.parent_key OR p.process_key = c.process_key) AND p.time_ns < c.time_ns
WHERE c.uid = 0 AND p.uid > 0 AND NOT list_contains($harmless, c.program)
QUALIFY row_number() OVER (PARTITION BY c.process_key, c.time_ns ORDER BY p.time_ns DESC) = 1
