-- title: Audit search: questions
-- answers: What did runs wait for, and who decided, newest first?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   keyword: text = : only questions in whose object, rule or reasons this stands
--   run: text = : only this run; empty is all
-- columns:
--   time TIMESTAMPTZ: when the state was entered
--   state VARCHAR: waiting, released, denied, killed or gone
--   operation VARCHAR: what it asks for
--   object VARCHAR: path or address
--   rule VARCHAR: the rule that asks
--   decided_by VARCHAR: who decided
--   decided_account VARCHAR: whose click it was, where that user is the dashboard
--   why VARCHAR: what they said
--   agent VARCHAR: agent
--   user VARCHAR: who runs the agent
--   host VARCHAR: host name
--   cmdline VARCHAR: command line of the process that asks
--   run VARCHAR: the run
--   id VARCHAR: the question
SELECT time, state, operation, object, rule, decided_by, decided_account, why, agent, "user", host, cmdline, agent_run AS run, id
FROM request_log
WHERE time >= $since AND time < $until AND (len($hosts) = 0 OR list_contains($hosts, host)) AND (len($users) = 0 OR list_contains($users, "user"))
    AND ($run = '' OR agent_run = $run)
    AND ($keyword = '' OR contains(lower(concat_ws(' ', object, rule, because, why, decided_by, decided_account)), lower($keyword)))
ORDER BY time DESC
