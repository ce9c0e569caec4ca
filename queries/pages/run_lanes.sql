-- title: Kernel lanes of a run
-- answers: When did the run do how much of what, and what did policy say of it?
-- parameters:
--   run: text = : the run
--   width: duration = 1s: length of a bin
-- columns:
--   time TIMESTAMPTZ: begin of the bin
--   lane VARCHAR: Processes, Files read, Files changed, Network or Kernel
--   stopped BOOLEAN: whether these are the rows with ask or stronger
--   verdict VARCHAR: the strongest that policy said of one of them; none where none was in force
--   events BIGINT: rows
--   example VARCHAR: what the first of them was about
SELECT
    time_bucket($width, time) AS time,
    CASE
        WHEN class = 'process' THEN 'Processes'
        WHEN operation IN ('file.read', 'file.open') THEN 'Files read'
        WHEN class = 'file' THEN 'Files changed'
        WHEN class IN ('network', 'dns') THEN 'Network'
        ELSE 'Kernel'
    END AS lane,
    coalesce(verdict IN ('ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill'), false) AS stopped,
    ['none', 'allow', 'audit', 'ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill'][max(
        list_position(['none', 'allow', 'audit', 'ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill'], coalesce(verdict, 'none'))
    )] AS verdict,
    count(*) AS events,
    arg_min(coalesce(path_to, path, dst_name, dst_ip, exe), time_ns) AS example
FROM activity
WHERE agent_run = $run AND time >= $since AND time < $until
GROUP BY ALL
ORDER BY ALL
LIMIT 5000
