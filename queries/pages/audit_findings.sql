-- title: Audit search: findings
-- answers: What was found, newest first?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
--   keyword: text = : only findings in whose title, rule or techniques this stands
--   run: text = : only this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when it was found
--   severity VARCHAR: severity
--   title VARCHAR: one line
--   rule VARCHAR: what found it
--   policy VARCHAR: policy of the rule
--   attack VARCHAR: techniques
--   host VARCHAR: host name
--   run VARCHAR: the run
--   id VARCHAR: finding id
SELECT time, severity, title, rule, policy, attack, host, agent_run AS run, id
FROM findings
WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host)) AND ($run = '' OR agent_run = $run)
    AND ($keyword = '' OR contains(lower(concat_ws(' ', title, rule, attack)), lower($keyword)))
ORDER BY time DESC
