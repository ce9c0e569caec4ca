-- title: Names asked of a server of its own choice
-- answers: Which agents sent questions for names past the resolver of the host?
-- severity: medium
-- tactics: command-and-control, exfiltration
-- attack: T1071.004, T1048.003
-- atlas: AML.T0025
-- owasp: ASI02
-- lookback: 5m
-- scheduled: yes
-- false positives: dig and nslookup with a server named; hosts whose resolver is a public one: add it to resolvers.
-- parameters:
--   resolvers: globs = 127.*,10.*,192.168.*,172.{16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31}.*: resolvers that may be asked
--   many: int = 1: questions of one process from which on it counts
-- columns:
--   dst_ip: the server
--   questions: datagrams and connections
--   cmdline: command line of the program
SELECT
    min(time) AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, process_key, any_value(pid) AS pid,
    any_value(exe) AS exe, dst_ip, count(*) AS questions, any_value(cmdline) AS cmdline, list(row_id ORDER BY time_ns) AS evidence
FROM outbound
WHERE dst_port IN (53, 853) AND scope NOT IN ('loopback', 'multicast') AND NOT regexp_full_match(dst_ip, $resolvers)
GROUP BY agent_run, process_key, dst_ip
HAVING count(*) >= $many
