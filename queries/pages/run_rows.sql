-- title: Rows of a run
-- answers: What did the run do, one by one, newest first?
-- parameters:
--   run: text = : the run
--   classes: texts = : only these classes; empty is all
--   verdicts: texts = : only these verdicts; empty is all
--   process: text = : only the process with this key; empty is all
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
SELECT
    time, operation,
    CASE
        WHEN class = 'process' THEN coalesce(script, path, exe)
        WHEN dst_ip IS NOT NULL THEN coalesce(dst_name, dst_ip) || coalesce(':' || dst_port, '')
        ELSE coalesce(path || coalesce(' → ' || path_to, ''), path_to, src_ip || coalesce(':' || src_port, ''))
    END AS object,
    verdict, rule, outcome, action, enforcement, exe, pid, cmdline, tool_call, labels, quality, process_key
FROM activity
WHERE agent_run = $run AND time >= $since AND time < $until
    AND (len($classes) = 0 OR list_contains($classes, class))
    AND (len($verdicts) = 0 OR list_contains($verdicts, coalesce(verdict, 'none')))
    AND ($process = '' OR process_key = try_cast($process AS BIGINT))
ORDER BY time_ns DESC
LIMIT 1001
