-- title: Credential read, then a connection to a new place
-- answers: Which run read a credential file and soon after connected to an address that nobody on this host had asked for before?
-- severity: critical
-- tactics: credential-access, exfiltration
-- attack: T1552.001, T1041
-- atlas: AML.T0055, AML.T0086
-- owasp: ASI02, ASI03
-- lookback: 10m
-- scheduled: yes
-- false positives: A login tool that an agent was asked to set up reads its own token and then talks to its own service for the first time. A lake that begins today knows no address.
-- parameters:
--   window: duration = 60s: how long after the read a connection still counts
--   credentials: globs = @credential_files: files that hold credentials
--   owners: texts = @credential_owners: programs that may read them
--   known: globs = : addresses that are never new, 10.* for example
-- columns:
--   path: the credential file
--   read_at: when it was opened
--   dst_ip: the new address
--   dst_port: its port
--   dst_name: its name, where it is known
--   cmdline: command line of the program that connected
WITH secret AS (
    SELECT agent_run, host, time, time_ns, path, row_id
    FROM reads
    WHERE regexp_full_match(path, $credentials) AND NOT list_contains($owners, program)
),
runs_of_interest AS (SELECT DISTINCT agent_run FROM secret),
sent AS (
    SELECT o.*
    FROM outbound AS o
    SEMI JOIN runs_of_interest USING (agent_run)
    WHERE o.scope NOT IN ('loopback', 'multicast') AND NOT regexp_full_match(o.dst_ip, $known)
),
seen AS (
    SELECT host, dst_ip, min(time) AS first_time
    FROM activity
    WHERE operation IN ('net.connect', 'net.send') AND dst_ip IN (SELECT dst_ip FROM sent)
    GROUP BY host, dst_ip
)
SELECT
    s.time, s.host, s.agent_run, s.agent, s.process_key, s.pid, s.exe,
    c.path, c.time AS read_at, s.dst_ip, s.dst_port, s.dst_name, s.cmdline, [c.row_id, s.row_id] AS evidence
FROM sent AS s
JOIN seen AS n ON n.host IS NOT DISTINCT FROM s.host AND n.dst_ip = s.dst_ip AND n.first_time = s.time
JOIN secret AS c ON c.agent_run = s.agent_run AND c.time <= s.time AND c.time > s.time - $window
QUALIFY row_number() OVER (PARTITION BY s.agent_run, s.dst_ip, c.path ORDER BY s.time, c.time DESC) = 1
