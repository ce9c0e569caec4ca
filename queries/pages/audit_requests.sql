-- title: Audit search: questions to people
-- answers: What did runs wait for, and who decided, newest first?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   states: texts = : only these states; empty is all
--   keyword: text = : only questions in whose object, rule or reasons this stands
--   rule: text = : only of this rule; empty is all
--   run: text = : only this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when the state was entered
--   state VARCHAR: waiting, released, denied, killed or gone
--   operation VARCHAR: what it asks for
--   object VARCHAR: path or address
--   rule VARCHAR: the rule that asks
--   policy VARCHAR: policy of the rule
--   because VARCHAR: why the rule asks
--   decided_by VARCHAR: who decided
--   decided_account VARCHAR: whose click it was, where that user is the dashboard
--   why VARCHAR: what they said
--   agent VARCHAR: agent
--   user VARCHAR: who runs the agent
--   host VARCHAR: host name
--   exe VARCHAR: program of the process that asks
--   cmdline VARCHAR: its command line
--   run VARCHAR: the run
--   id VARCHAR: the question
SELECT
    time, state, operation, object, rule, policy, because, decided_by, decided_account, why, agent, "user", host, exe, cmdline, agent_run AS run, id
FROM request_log
WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($users) = 0 OR list_contains($users, "user"))
    AND (len($agents) = 0 OR list_contains($agents, agent)) AND ($run = '' OR agent_run = $run)
    AND (len($states) = 0 OR list_contains($states, state)) AND ($rule = '' OR rule = $rule)
    AND ($keyword = '' OR contains(lower(concat_ws(chr(10), object, rule, policy, because, why, decided_by, decided_account)), lower($keyword)))
ORDER BY time DESC, id, state
