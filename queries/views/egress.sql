-- title: Egress
-- answers: Where did agents connect or send to, how often, with which programs, and what came of it?
-- columns:
--   agent_run: the run
--   agent: agent
--   host: host name
--   protocol: tcp, udp, …
--   dst_ip: peer address
--   dst_port: peer port
--   dst_name: name that the address was reached by
--   scope: loopback, private or external
--   first_time: first attempt
--   last_time: last attempt
--   attempts: connections and datagrams asked for
--   succeeded: those that the kernel let through
--   denied: those whose verdict is deny or stronger
--   bytes: bytes sent, where the source says so
--   programs: programs that did it
SELECT
    agent_run, agent, host, protocol, dst_ip, dst_port, dst_name,
    CASE
        WHEN dst_ip LIKE '127.%' OR dst_ip IN ('::1', '0.0.0.0', '::') THEN 'loopback'
        WHEN regexp_matches(dst_ip, '^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.)')
            OR regexp_matches(lower(dst_ip), '^(f[cd]|fe[89ab])[0-9a-f]*:') THEN 'private'
        ELSE 'external'
    END AS scope,
    min(time) AS first_time,
    max(time) AS last_time,
    count(*) AS attempts,
    count(*) FILTER (outcome = 'success') AS succeeded,
    count(*) FILTER (verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')) AS denied,
    CAST(sum(bytes) AS BIGINT) AS bytes,
    string_agg(DISTINCT exe, ', ' ORDER BY exe) AS programs
FROM activity
WHERE operation IN ('net.connect', 'net.send') AND dst_ip IS NOT NULL
GROUP BY ALL
