-- title: Listening beyond loopback
-- answers: Which programs of agents, tool servers among them, take connections from other machines?
-- severity: high
-- tactics: command-and-control, persistence
-- attack: T1571, T1133
-- atlas: AML.T0053
-- owasp: ASI07
-- lookback: 5m
-- scheduled: yes
-- false positives: Development servers that listen everywhere by default; containers with a network of their own.
-- parameters:
--   ports: texts = : ports that may be offered
--   local: globs = 127.*,::1: addresses that nobody else reaches
-- columns:
--   src_ip: local address; 0.0.0.0 and :: are all of them
--   src_port: port
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM events
WHERE operation = 'net.listen' AND outcome = 'success' AND src_ip IS NOT NULL
    AND NOT regexp_full_match(src_ip, $local) AND NOT list_contains($ports, CAST(src_port AS VARCHAR))
