-- title: Runs that go on
-- answers: Which runs have begun and not ended, newest first?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
-- columns:
--   run VARCHAR: the run
--   agent VARCHAR: agent
--   host VARCHAR: host name
--   user VARCHAR: who started it
--   mode VARCHAR: enforce, audit or none
--   policy VARCHAR: policies in force for it
--   started TIMESTAMPTZ: when it began
--   command VARCHAR: command line of its root
SELECT run, agent, host, "user", mode, policy, started, command
FROM run_log
WHERE (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user"))
QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1 AND state = 'started'
ORDER BY started DESC
LIMIT 500
