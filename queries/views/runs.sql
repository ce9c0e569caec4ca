-- title: Runs
-- answers: Which agents ran, when, under which policy, and how much did they do?
-- columns:
--   run VARCHAR: the run's id, activity.agent_run
--   agent VARCHAR: agent
--   state VARCHAR: started or ended
--   started TIMESTAMPTZ: when the run began
--   ended TIMESTAMPTZ: when it ended; NULL while it goes on
--   host VARCHAR: host name
--   user VARCHAR: who started it
--   command VARCHAR: command line of the root process
--   cwd VARCHAR: working directory
--   mode VARCHAR: enforce, audit, or none without a policy
--   policy VARCHAR: policy names, joined by +
--   policy_version VARCHAR: hash of the policy texts
--   exit_code INTEGER: exit status of the root process
--   events BIGINT: rows recorded for the run; counted while it goes on
--   denied BIGINT: rows whose verdict is deny or stronger; counted while it goes on
--   lost BIGINT: events lost on the host while the run went on
--   processes BIGINT: processes that did something
--   programs BIGINT: programs started
--   files_changed BIGINT: distinct files created, written, renamed or deleted
--   destinations BIGINT: distinct addresses and ports asked for
--   first_event TIMESTAMPTZ: time of its first row
--   last_event TIMESTAMPTZ: time of its last row
--   time TIMESTAMPTZ: when the state was entered
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: collector that observed it
--   root_key BIGINT: process_key of the root process
--   root_pid INTEGER: pid of the root process
--   cgroup VARCHAR: cgroup v2 path of the run, where it has its own
WITH latest AS (
    SELECT * FROM run_log
    -- A run that starts and ends within a microsecond has ended.
    QUALIFY row_number() OVER (PARTITION BY run ORDER BY time DESC NULLS LAST, state = 'ended' DESC) = 1
),
counted AS (
    SELECT
        agent_run AS run,
        count(*) AS events,
        count(*) FILTER (verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')) AS denied,
        count(DISTINCT process_key) AS processes,
        count(*) FILTER (operation = 'exec') AS programs,
        count(DISTINCT coalesce(path_to, path)) FILTER (
            operation IN ('file.create', 'file.write', 'file.rename', 'file.link', 'file.symlink', 'file.truncate', 'file.delete')
            AND outcome = 'success'
        ) AS files_changed,
        count(DISTINCT (dst_ip, dst_port)) FILTER (class = 'network' AND dst_ip IS NOT NULL) AS destinations,
        min(time) AS first_event,
        max(time) AS last_event
    FROM activity
    WHERE agent_run IS NOT NULL
    GROUP BY agent_run
)
SELECT
    l.run, l.agent, l.state, l.started, l.ended, l.host, l."user", l.command, l.cwd, l.mode, l.policy, l.policy_version,
    l.exit_code,
    coalesce(l.events, c.events, 0) AS events,
    coalesce(l.denied, c.denied, 0) AS denied,
    l.lost,
    coalesce(c.processes, 0) AS processes,
    coalesce(c.programs, 0) AS programs,
    coalesce(c.files_changed, 0) AS files_changed,
    coalesce(c.destinations, 0) AS destinations,
    c.first_event, c.last_event, l.time, l.boot_id, l.source, l.root_key, l.root_pid, l.cgroup
FROM latest AS l
LEFT JOIN counted AS c USING (run)
