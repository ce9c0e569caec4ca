-- title: Egress by destination
-- answers: Where did agents connect or send to most, and how often was that denied?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
-- columns:
--   destination VARCHAR: name or address of the peer
--   scope VARCHAR: loopback, private or external
--   attempts BIGINT: connections and datagrams asked for
--   denied BIGINT: those that policy denied
SELECT
    destination,
    CASE
        WHEN any_value(ip) LIKE '127.%' OR any_value(ip) IN ('::1', '0.0.0.0', '::') THEN 'loopback'
        WHEN regexp_matches(any_value(ip), '^(10\.|192\.168\.|172\.(1[6-9]|2[0-9]|3[01])\.|169\.254\.|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])\.)')
            OR regexp_matches(lower(any_value(ip)), '^(f[cd]|fe[89ab])[0-9a-f]*:') THEN 'private'
        WHEN any_value(ip) IS NOT NULL THEN 'external' ELSE 'unknown'
    END AS scope,
    sum(attempts)::BIGINT AS attempts, sum(denied)::BIGINT AS denied
FROM (
    SELECT
        coalesce(dst_name, dst_ip) AS destination, any_value(dst_ip) AS ip, count(*) AS attempts,
        count(*) FILTER (verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')) AS denied
    FROM activity
    WHERE time >= $since AND time < $until AND class = 'network' AND operation IN ('net.connect', 'net.send') AND dst_ip IS NOT NULL
        AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
        AND (len($users) = 0 OR list_contains($users, "user"))
    GROUP BY destination
)
GROUP BY destination
ORDER BY attempts DESC, destination
LIMIT 50
