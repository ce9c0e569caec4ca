-- title: Sensitive data touched
-- answers: How often did agents touch files with which labels, and how often did they get them?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
-- columns:
--   label VARCHAR: sensitivity labels
--   touched BIGINT: file events on such files
--   got BIGINT: those that went through
SELECT
    labels AS label, CAST(sum(events) AS BIGINT) AS touched,
    CAST(coalesce(sum(events) FILTER (outcome = 'success'), 0) AS BIGINT) AS got
FROM activity_hourly
WHERE hour >= date_trunc('hour', $since) AND hour < $until AND labels IS NOT NULL AND class = 'file'
    AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user"))
GROUP BY labels
ORDER BY touched DESC, label
LIMIT 50
