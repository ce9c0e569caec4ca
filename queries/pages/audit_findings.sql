-- title: Audit search: findings
-- answers: What was found, newest first?
-- parameters:
--   agents: texts = : only about runs of these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only about runs of these users; empty is all
--   severities: texts = : only these severities; empty is all
--   keyword: text = : only findings in whose title, rule or techniques this stands
--   rule: text = : only of this rule; empty is all
--   run: text = : only this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when it was found
--   severity VARCHAR: severity
--   title VARCHAR: one line
--   rule VARCHAR: what found it
--   policy VARCHAR: policy of the rule
--   attack VARCHAR: ATT&CK, ATLAS and OWASP ids
--   host VARCHAR: host name
--   run VARCHAR: the run
--   id VARCHAR: finding id
--   evidence VARCHAR: rows that prove it
SELECT time, severity, title, rule, policy, attack, host, agent_run AS run, id, evidence
FROM findings
WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host)) AND ($run = '' OR agent_run = $run)
    AND (len($agents) = 0 OR agent_run IN (SELECT run FROM run_log WHERE list_contains($agents, agent)))
    AND (len($users) = 0 OR agent_run IN (SELECT run FROM run_log WHERE list_contains($users, "user")))
    AND (len($severities) = 0 OR list_contains($severities, severity)) AND ($rule = '' OR rule = $rule)
    AND ($keyword = '' OR contains(lower(concat_ws(chr(10), title, rule, attack, policy)), lower($keyword)))
ORDER BY time DESC, id
