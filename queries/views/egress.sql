-- title: Egress
-- answers: Where did agents connect or send to, how often, with which programs, and what came of it?
-- columns:
--   agent_run VARCHAR: the run
--   agent VARCHAR: agent
--   host VARCHAR: host name
--   protocol VARCHAR: tcp, udp, …
--   dst_ip VARCHAR: peer address
--   dst_port INTEGER: peer port
--   dst_name VARCHAR: name that the address was reached by
--   scope VARCHAR: loopback, private or external
--   first_time TIMESTAMPTZ: first attempt
--   last_time TIMESTAMPTZ: last attempt
--   attempts BIGINT: connections and datagrams asked for
--   succeeded BIGINT: those that the kernel let through
--   denied BIGINT: those whose verdict is deny or stronger
--   bytes BIGINT: bytes sent, where the source says so
--   programs VARCHAR: programs that did it
SELECT
    agent_run, agent, host, protocol, dst_ip, dst_port, dst_name,
    dst_scope AS scope,
    min(time) AS first_time,
    max(time) AS last_time,
    count(*) AS attempts,
    count(*) FILTER (outcome = 'success') AS succeeded,
    count(*) FILTER (denied) AS denied,
    CAST(sum(bytes) AS BIGINT) AS bytes,
    string_agg(DISTINCT exe, ', ' ORDER BY exe) AS programs
FROM activity_in_context
WHERE operation IN ('net.connect', 'net.send') AND dst_ip IS NOT NULL
GROUP BY ALL
