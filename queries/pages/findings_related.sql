-- title: Related findings
-- answers: What else was found in the same run, or by the same rule on the same host?
-- parameters:
--   finding: text = : the finding's id
--   run: text = : its run; empty is none
--   rule: text = : what found it
--   host: text = : its host
--   first: time = -infinity: only what happened at this time or later
--   last: time = infinity: only what happened before this time
-- columns:
--   relation VARCHAR: same run, or same rule and host
--   time TIMESTAMPTZ: when it was found
--   severity VARCHAR: severity
--   status VARCHAR: new, or what somebody set last
--   title VARCHAR: one line
--   rule VARCHAR: what found it
--   agent_run VARCHAR: the run
--   id VARCHAR: finding id
WITH found AS (
    SELECT id, time, coalesce(severity, 'informational') AS severity, title, rule, agent_run, $run <> '' AND agent_run = $run AS same_run
    FROM findings
    WHERE id <> $finding AND (($run <> '' AND agent_run = $run) OR (rule = $rule AND host = $host AND time >= $first AND time < $last))
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
)
SELECT
    CASE WHEN coalesce(f.same_run, false) THEN 'same run' ELSE 'same rule, same host' END AS relation, f.time, f.severity,
    coalesce(s.status, 'new') AS status, f.title, f.rule, f.agent_run, f.id
FROM found AS f
LEFT JOIN finding_status AS s ON s.finding = f.id
ORDER BY coalesce(f.same_run, false) DESC, f.time DESC, f.id
LIMIT 200
