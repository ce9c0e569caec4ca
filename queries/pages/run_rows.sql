-- title: Rows of a run
-- answers: What did the run do, one by one, newest first?
-- parameters:
--   run: text = : the run
--   classes: texts = : only these classes; empty is all
--   verdicts: texts = : only these verdicts (none: no policy was in force); empty is all
--   process: text = : only the process with this key; empty is all
--   lane: text = : only this lane of the timeline; empty is all
--   tool: text = : only what this tool call or span caused; empty is all
-- columns:
--   time TIMESTAMPTZ: when it happened
--   operation VARCHAR: what was done
--   object VARCHAR: file, program or address
--   verdict VARCHAR: what policy said
--   rule VARCHAR: the rule that decided
--   outcome VARCHAR: how the call ended
--   action VARCHAR: what was done about it
--   enforcement VARCHAR: what was seen of that
--   exe VARCHAR: the program
--   pid INTEGER: process id
--   cmdline VARCHAR: its command line
--   tool_call VARCHAR: the tool call that caused it
--   labels VARCHAR: sensitivity labels
--   quality VARCHAR: what is wrong with this row
--   process_key BIGINT: identity of the process
--   time_ns BIGINT: the exact order within a host
--   seq BIGINT: sequence number
--   class VARCHAR: activity class
--   boot_id VARCHAR: boot of the host
--   source VARCHAR: which collector saw it
--   cpu INTEGER: processor
SELECT
    time, operation,
    CASE
        WHEN operation = 'fork' THEN 'process ' || child_pid
        WHEN class = 'process' THEN coalesce(script, path, exe)
        WHEN dst_ip IS NOT NULL THEN coalesce(dst_name, dst_ip) || coalesce(':' || dst_port, '')
        ELSE coalesce(path || coalesce(' → ' || path_to, ''), path_to, src_ip || coalesce(':' || src_port, ''))
    END AS object,
    verdict, rule, outcome, action, enforcement, exe, pid, cmdline, coalesce(tool_call, span_id) AS tool_call, labels, quality,
    process_key, time_ns, seq, class, boot_id, source, cpu
FROM activity
WHERE agent_run = $run AND time >= $since AND time < $until
    AND (len($classes) = 0 OR list_contains($classes, class))
    AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    AND ($process = '' OR process_key = try_cast($process AS BIGINT))
    AND ($tool = '' OR coalesce(tool_call, span_id) = $tool)
    AND ($lane = '' OR $lane = CASE
        WHEN class = 'process' THEN 'Processes'
        WHEN operation IN ('file.read', 'file.open') THEN 'Files read'
        WHEN class = 'file' THEN 'Files changed'
        WHEN class IN ('network', 'dns') THEN 'Network'
        ELSE 'Kernel'
    END)
ORDER BY time_ns DESC
