-- title: Runs
-- answers: Which runs began in this time, newest first?
-- parameters:
--   agents: texts = : only these agents; empty is all
--   hosts: texts = : only these hosts; empty is all
--   users: texts = : only these users; empty is all
--   modes: texts = : only runs in these modes (enforce, audit, none); empty is all
-- columns:
--   started TIMESTAMPTZ: when it began
--   ended TIMESTAMPTZ: when it ended; NULL while it goes on
--   state VARCHAR: started or ended
--   agent VARCHAR: agent
--   host VARCHAR: host name
--   user VARCHAR: who started it
--   mode VARCHAR: enforce, audit or none
--   policy VARCHAR: policies in force for it
--   events BIGINT: rows recorded for it; NULL while it goes on
--   denied BIGINT: rows with deny or stronger
--   lost BIGINT: events lost on the host meanwhile
--   command VARCHAR: command line of its root
--   run VARCHAR: the run
SELECT started, ended, state, agent, host, "user", coalesce(mode, 'none') AS mode, policy, events, denied, lost, command, run
FROM run_log
WHERE (len($agents) = 0 OR list_contains($agents, agent)) AND (len($hosts) = 0 OR list_contains($hosts, host))
    AND (len($users) = 0 OR list_contains($users, "user")) AND (len($modes) = 0 OR list_contains($modes, coalesce(mode, 'none')))
QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
    AND coalesce(ended, 'infinity') >= $since AND started < $until
ORDER BY started DESC, run
LIMIT 1000
