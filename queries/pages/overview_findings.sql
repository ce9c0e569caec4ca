-- title: Findings by severity
-- answers: How many findings are there, and how many of them has nobody looked at?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   severity VARCHAR: severity
--   findings BIGINT: findings
--   new BIGINT: those without a status
WITH found AS (
    SELECT id, any_value(severity) AS severity
    FROM findings
    WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
    GROUP BY id
),
looked AS (SELECT finding AS id FROM finding_status WHERE status <> 'new')
SELECT coalesce(severity, 'informational') AS severity, count(*) AS findings, count(*) FILTER (l.id IS NULL) AS new
FROM found AS f
LEFT JOIN looked AS l ON l.id = f.id
GROUP BY ALL
ORDER BY ALL
