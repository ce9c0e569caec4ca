-- title: Findings
-- answers: What was found in this time, newest first, and how does each stand?
-- parameters:
--   agents: texts = : only about runs of these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only about runs of these users; empty is all
--   severities: texts = : only these severities; empty is all
--   statuses: texts = : only these statuses; empty is all
--   rules: texts = : only what these hunts or rules found; empty is all
--   attacks: texts = : only with one of these techniques, or a sub-technique of it; empty is all
--   run: text = : only about this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when it was found
--   severity VARCHAR: severity
--   status VARCHAR: new, or what somebody set last
--   title VARCHAR: one line
--   agent VARCHAR: agent of the run
--   host VARCHAR: host name
--   user VARCHAR: who started the run
--   rule VARCHAR: what found it
--   attack VARCHAR: ATT&CK, ATLAS and OWASP ids
--   status_by VARCHAR: who set the status
--   status_time TIMESTAMPTZ: when
--   agent_run VARCHAR: the run
--   id VARCHAR: finding id
--   status_row VARCHAR: the row of console that has the status
WITH found AS (
    SELECT id, time, coalesce(severity, 'informational') AS severity, title, rule, attack, host, agent_run
    FROM findings
    WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
        AND (len($severities) = 0 OR list_contains($severities, coalesce(severity, 'informational')))
        AND (len($rules) = 0 OR list_contains($rules, rule)) AND ($run = '' OR agent_run = $run)
        AND (len($attacks) = 0 OR list_has_any(string_split(attack || ',' || regexp_replace(attack, '\.\d{3}\b', '', 'g'), ','), $attacks))
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
),
owners AS (SELECT run, any_value(agent) AS agent, any_value("user") AS "user" FROM run_log GROUP BY run)
SELECT
    f.time, f.severity, coalesce(s.status, 'new') AS status, f.title, o.agent, f.host, o."user", f.rule, f.attack,
    s.account AS status_by, s.time AS status_time, f.agent_run, f.id, s.row_id AS status_row
FROM found AS f
LEFT JOIN owners AS o ON o.run = f.agent_run
LEFT JOIN finding_status AS s ON s.finding = f.id
WHERE (len($agents) = 0 OR list_contains($agents, o.agent)) AND (len($users) = 0 OR list_contains($users, o."user"))
    AND (len($statuses) = 0 OR list_contains($statuses, coalesce(s.status, 'new')))
ORDER BY f.time DESC, f.id
LIMIT 1001
