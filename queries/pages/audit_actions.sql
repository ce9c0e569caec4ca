-- title: Audit search: actions
-- answers: What did Lictor or a person do against it, newest first?
-- parameters:
--   agents: texts = : only against runs of these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only against runs of these users; empty is all
--   enforcement: texts = : only with these results; empty is all
--   keyword: text = : only actions in whose object, rule, actor or evidence this stands
--   rule: text = : only of this rule; empty is all
--   run: text = : only this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when the row was written
--   phase VARCHAR: intent or result
--   action VARCHAR: what was done
--   object VARCHAR: path or address that caused it
--   actor VARCHAR: policy, or the person who asked
--   rule VARCHAR: rule that asked for it
--   policy VARCHAR: policy of the rule
--   enforced_at VARCHAR: kernel, fanotify or userspace
--   enforcement VARCHAR: confirmed, failed or unverified
--   evidence VARCHAR: what was read back
--   host VARCHAR: host name
--   pid INTEGER: the process acted on
--   run VARCHAR: the run
--   id VARCHAR: action id
SELECT time, phase, action, object, actor, rule, policy, enforced_at, enforcement, evidence, host, pid, agent_run AS run, id
FROM actions
WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host)) AND ($run = '' OR agent_run = $run)
    AND (len($agents) = 0 OR agent_run IN (SELECT run FROM run_log WHERE list_contains($agents, agent)))
    AND (len($users) = 0 OR agent_run IN (SELECT run FROM run_log WHERE list_contains($users, "user")))
    AND (len($enforcement) = 0 OR list_contains($enforcement, enforcement)) AND ($rule = '' OR rule = $rule)
    AND ($keyword = '' OR contains(lower(concat_ws(chr(10), object, rule, policy, actor, evidence, action)), lower($keyword)))
ORDER BY time DESC, id, phase
