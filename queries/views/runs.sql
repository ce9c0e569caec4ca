-- title: Runs
-- answers: Which agents ran, when, under which policy, and how much did they do?
-- columns:
--   run: the run's id, activity.agent_run
--   agent: agent
--   state: started or ended
--   started: when the run began
--   ended: when it ended; NULL while it goes on
--   host: host name
--   user: who started it
--   command: command line of the root process
--   cwd: working directory
--   mode: enforce, audit, or none without a policy
--   policy: policy names, joined by +
--   policy_version: hash of the policy texts
--   exit_code: exit status of the root process
--   events: rows recorded for the run; counted while it goes on
--   denied: rows whose verdict is deny or stronger; counted while it goes on
--   lost: events lost on the host while the run went on
--   processes: processes that did something
--   programs: programs started
--   files_changed: distinct files created, written, renamed or deleted
--   destinations: distinct addresses and ports asked for
--   first_event: time of its first row
--   last_event: time of its last row
--   time: when the state was entered
--   boot_id: boot of the host
--   source: collector that observed it
--   root_key: process_key of the root process
--   root_pid: pid of the root process
--   cgroup: cgroup v2 path of the run, where it has its own
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
