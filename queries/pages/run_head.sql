-- title: One run
-- answers: What is this run, and how does it stand?
-- parameters:
--   run: text = : the run
-- columns:
--   run VARCHAR: the run
--   state VARCHAR: started or ended
--   started TIMESTAMPTZ: when it began
--   ended TIMESTAMPTZ: when it ended; NULL while it goes on
--   agent VARCHAR: agent
--   host VARCHAR: host name
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: collector that observed it
--   user VARCHAR: who started it
--   command VARCHAR: command line of its root
--   cwd VARCHAR: working directory
--   mode VARCHAR: enforce, audit or none
--   policy VARCHAR: policies in force for it
--   policy_version VARCHAR: hash of their texts
--   exit_code INTEGER: exit status of its root
--   root_pid INTEGER: pid of its root
--   events BIGINT: rows written for it, once it has ended
--   lost BIGINT: events lost on the host meanwhile
SELECT
    run, state, started, ended, agent, host, boot_id, source, "user", command, cwd, coalesce(mode, 'none') AS mode, policy,
    policy_version, exit_code, root_pid, events, lost
FROM run_log
WHERE run = $run
QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
