-- title: Code in the command line that talks to the network
-- answers: Which interpreters were given their program as an argument and then connected to the outside?
-- severity: medium
-- tactics: execution, command-and-control
-- attack: T1059.006, T1059.007, T1071.001
-- atlas: AML.T0050
-- owasp: ASI05
-- lookback: 10m
-- scheduled: yes
-- false positives: Quick checks of an interface that agents write as one line of Python.
-- parameters:
--   inline: regex = ^(\S*/)?(python[0-9.]*|node|bun|deno|perl|ruby|php|lua)\s(\S+ )*?(-c|-e|-pe|-ne|-r|--eval|--print|eval) : command lines with the program in them
-- columns:
--   dst_ip: address
--   dst_port: port
--   connections: how many it asked for
--   cmdline: command line of the program
SELECT
    min(time) AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, process_key, any_value(pid) AS pid,
    any_value(exe) AS exe, dst_ip, dst_port, count(*) AS connections, any_value(cmdline) AS cmdline,
    list(row_id ORDER BY time_ns) AS evidence
FROM outbound
WHERE scope = 'external' AND regexp_matches(cmdline, $inline)
GROUP BY agent_run, process_key, dst_ip, dst_port
