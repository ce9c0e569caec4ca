-- title: Audit search: actions
-- answers: What did Lictor or a person do, newest first?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
--   keyword: text = : only actions in whose object, rule, actor or evidence this stands
--   run: text = : only this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when the row was written
--   phase VARCHAR: intent or result
--   action VARCHAR: what was done
--   object VARCHAR: path or address that caused it
--   actor VARCHAR: policy, or the person who asked
--   rule VARCHAR: rule that asked for it
--   enforcement VARCHAR: confirmed, failed or unverified
--   evidence VARCHAR: what was read back
--   host VARCHAR: host name
--   run VARCHAR: the run
--   id VARCHAR: action id
SELECT time, phase, action, object, actor, rule, enforcement, evidence, host, agent_run AS run, id
FROM actions
WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host)) AND ($run = '' OR agent_run = $run)
    AND ($keyword = '' OR contains(lower(concat_ws(' ', object, rule, actor, evidence, action)), lower($keyword)))
ORDER BY time DESC
