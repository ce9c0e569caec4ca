-- title: Numbers of a run
-- answers: How much did the run do so far?
-- parameters:
--   run: text = : the run
-- columns:
--   events BIGINT: rows
--   denied BIGINT: rows with deny or stronger
--   processes BIGINT: processes that did something
--   programs BIGINT: programs started
--   files_changed BIGINT: distinct files created, written, renamed or deleted
--   destinations BIGINT: distinct addresses and ports asked for
--   last_event TIMESTAMPTZ: time of its last row; NULL where there is none
SELECT
    count(*) AS events,
    count(*) FILTER (verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')) AS denied,
    count(DISTINCT process_key) AS processes,
    count(*) FILTER (operation = 'exec' AND outcome = 'success') AS programs,
    count(DISTINCT coalesce(path_to, path)) FILTER (
        operation IN ('file.create', 'file.write', 'file.rename', 'file.link', 'file.symlink', 'file.truncate', 'file.delete')
        AND outcome = 'success'
    ) AS files_changed,
    count(DISTINCT (dst_ip, dst_port)) FILTER (class = 'network' AND dst_ip IS NOT NULL) AS destinations,
    max(time) AS last_event
FROM activity
WHERE agent_run = $run AND time >= $since AND time < $until
LIMIT 1
