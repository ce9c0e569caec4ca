-- title: Decided questions
-- answers: What were runs held for, who decided how, why, and how long did that take?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   hold: text = : only the question whose id begins so, whenever it was; empty is all
-- columns:
--   time TIMESTAMPTZ: when it was decided
--   state VARCHAR: released, denied or killed; gone: the run ended meanwhile
--   took_s DOUBLE: seconds from the question to the decision
--   agent VARCHAR: agent
--   operation VARCHAR: what it asked for; NULL where a person froze the run
--   object VARCHAR: path or address
--   decided_by VARCHAR: name of the user who decided; lictor where the time was up
--   decided_account VARCHAR: whose click it was, where that user is the dashboard
--   decided_login VARCHAR: who had logged in, where that is another user
--   why VARCHAR: what they said
--   rule VARCHAR: the rule that asked
--   policy VARCHAR: policy of the rule
--   host VARCHAR: host name
--   user VARCHAR: who runs the agent
--   exe VARCHAR: the program that asked
--   cmdline VARCHAR: its command line
--   because VARCHAR: why the rule asks
--   change VARCHAR: the smallest change of the policy that would have let it pass
--   asked TIMESTAMPTZ: when it was asked
--   agent_run VARCHAR: the run
--   id VARCHAR: the question
WITH asked AS (SELECT id, min(time) AS asked FROM request_log GROUP BY id)
SELECT
    r.time, r.state, date_diff('millisecond', a.asked, r.time) / 1000.0 AS took_s, r.agent, r.operation, r.object, r.decided_by,
    r.decided_account, r.decided_login, r.why, r.rule, r.policy, r.host, r."user", r.exe, r.cmdline, r.because, r.change, a.asked, r.agent_run, r.id
FROM requests AS r
JOIN asked AS a ON a.id = r.id
WHERE r.state <> 'waiting'
    AND CASE WHEN $hold = '' THEN r.time >= $since AND r.time < $until ELSE starts_with(r.id, $hold) END
    AND (len($agents) = 0 OR list_contains($agents, r.agent)) AND (len($hosts) = 0 OR list_contains($hosts, r.host))
    AND (len($users) = 0 OR list_contains($users, r."user"))
ORDER BY r.time DESC, r.id
LIMIT 1001
