-- title: Findings by kind
-- answers: How many findings of each severity, status and rule are there in this time?
-- parameters:
--   agents: texts = : only about runs of these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only about runs of these users; empty is all
--   run: text = : only about this run; empty is all
-- columns:
--   severity VARCHAR: severity
--   status VARCHAR: new, or what somebody set last
--   rule VARCHAR: what found them
--   attack VARCHAR: ATT&CK, ATLAS and OWASP ids
--   title VARCHAR: one line of one of them
--   findings BIGINT: findings
WITH found AS (
    SELECT id, coalesce(severity, 'informational') AS severity, title, rule, attack, agent_run
    FROM findings
    WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host)) AND ($run = '' OR agent_run = $run)
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
),
owners AS (SELECT run, any_value(agent) AS agent, any_value("user") AS "user" FROM run_log GROUP BY run)
SELECT
    f.severity, coalesce(s.status, 'new') AS status, f.rule, f.attack, min(f.title) AS title, count(*) AS findings
FROM found AS f
LEFT JOIN owners AS o ON o.run = f.agent_run
LEFT JOIN finding_status AS s ON s.finding = f.id
WHERE (len($agents) = 0 OR list_contains($agents, o.agent)) AND (len($users) = 0 OR list_contains($users, o."user"))
GROUP BY f.severity, coalesce(s.status, 'new'), f.rule, f.attack
ORDER BY findings DESC, f.rule, f.severity, status
LIMIT 5000
