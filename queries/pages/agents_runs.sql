-- title: Runs of an agent
-- answers: Which runs did it have, newest first?
-- parameters:
--   agent_id: text = : the agent
-- columns:
--   started TIMESTAMPTZ: when it began
--   ended TIMESTAMPTZ: when it ended; NULL while it goes on
--   state VARCHAR: started or ended
--   mode VARCHAR: enforce, audit or none
--   policy VARCHAR: policies in force for it
--   events BIGINT: rows recorded for it
--   denied BIGINT: rows with deny or stronger
--   lost BIGINT: events lost on the host meanwhile
--   command VARCHAR: command line of its root
--   run VARCHAR: the run
WITH latest AS (
    SELECT
        run, agent, host, "user", state, started, ended, coalesce(mode, 'none') AS mode, policy, command, events, denied, lost,
        md5(concat_ws('|', coalesce(host, ''), coalesce("user", ''), coalesce(agent, ''))) AS agent_id
    FROM run_log
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
)
SELECT started, ended, state, mode, policy, events, denied, lost, command, run
FROM latest
WHERE agent_id = $agent_id AND coalesce(ended, 'infinity') >= $since AND started < $until
ORDER BY started DESC
LIMIT 500
