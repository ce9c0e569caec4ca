-- title: Connection to an unusual port
-- answers: Which agents connected to the outside on a port that is none of the common ones?
-- severity: low
-- tactics: command-and-control, exfiltration
-- attack: T1571
-- atlas: AML.T0086
-- owasp: ASI02
-- lookback: 5m
-- scheduled: yes
-- false positives: Databases and services of a project on machines outside.
-- parameters:
--   ports: texts = 20,21,22,25,53,80,123,143,443,465,587,853,993,995,3128,5222,8080,8443,9418: common ports
-- columns:
--   dst_ip: address
--   dst_port: port
--   protocol: tcp or udp
--   connections: how many were asked for
--   cmdline: command line of the program
SELECT
    min(time) AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, process_key, any_value(pid) AS pid,
    any_value(exe) AS exe, dst_ip, dst_port, protocol, count(*) AS connections, any_value(cmdline) AS cmdline,
    list(row_id ORDER BY time_ns) AS evidence
FROM outbound
WHERE scope = 'external' AND dst_port > 0 AND NOT list_contains($ports, CAST(dst_port AS VARCHAR))
GROUP BY agent_run, process_key, dst_ip, dst_port, protocol
