-- title: What a process touched
-- answers: Which files and addresses did this process use, how often, and what did policy say?
-- parameters:
--   run: text = : the run
--   process: text = : its key
-- columns:
--   operation VARCHAR: what was done
--   object VARCHAR: file, program or address
--   verdict VARCHAR: the strongest that policy said; none where none was in force
--   outcome VARCHAR: how the last call ended
--   times BIGINT: how often
--   labels VARCHAR: sensitivity labels
--   first_time TIMESTAMPTZ: first time
--   last_time TIMESTAMPTZ: last time
SELECT
    operation,
    CASE
        WHEN operation = 'fork' THEN 'process ' || child_pid
        WHEN class = 'process' THEN coalesce(script, path, exe)
        WHEN dst_ip IS NOT NULL THEN coalesce(dst_name, dst_ip) || coalesce(':' || dst_port, '')
        ELSE coalesce(path || coalesce(' → ' || path_to, ''), path_to, src_ip || coalesce(':' || src_port, ''))
    END AS object,
    ['none', 'allow', 'audit', 'ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill'][max(
        list_position(['none', 'allow', 'audit', 'ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill'], coalesce(verdict, 'none'))
    )] AS verdict,
    arg_max(outcome, time_ns) AS outcome, count(*) AS times, any_value(labels) AS labels, min(time) AS first_time, max(time) AS last_time
FROM activity
WHERE agent_run = $run AND time >= $since AND time < $until AND process_key = try_cast($process AS BIGINT)
GROUP BY ALL
ORDER BY max(CASE WHEN verdict IN ('ask', 'deny', 'freeze', 'quarantine', 'isolate', 'kill') THEN 1 ELSE 0 END) DESC, first_time, object
LIMIT 500
