-- title: Runs of history
-- answers: Who ran what where, as a policy's scope and variables ask for it?
-- columns:
--   run: the run's id
--   agent: agent
--   user: who started it
--   host: host name
--   cwd: working directory
--   state: started or ended
--   started: when it began
--   ended: when it ended
--   lost: events lost on the host while it went on
SELECT run, agent, "user", host, cwd, state, started, ended, lost
FROM run_log
WHERE run IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
