-- title: Kinds of secret that were touched
-- answers: Which files that usually hold secrets did agents touch, and did they get them?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
-- columns:
--   kind VARCHAR: kind of secret
--   touched BIGINT: file events on such files
--   got BIGINT: those that went through
SELECT sensitive_kind AS kind, count(*) AS touched, count(*) FILTER (outcome = 'success') AS got
FROM activity_in_context
WHERE time >= $since AND time < $until AND class = 'file' AND sensitive_kind IS NOT NULL
    AND (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($users) = 0 OR list_contains($users, "user"))
GROUP BY sensitive_kind
ORDER BY touched DESC, kind
