-- title: Evidence of a finding
-- answers: Which rows does the finding rest on, in order?
-- parameters:
--   finding: text = : the finding's id
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
--   labels VARCHAR: sensitivity labels
--   tool_call VARCHAR: the tool call that caused it
--   user VARCHAR: user
--   quality VARCHAR: what is wrong with this row
--   class VARCHAR: activity class
--   source VARCHAR: collector
--   cpu INTEGER: processor
--   seq BIGINT: sequence number
--   process_key BIGINT: identity of the process
WITH proof AS (
    -- An alarm's evidence is one object about an action, and names no rows.
    SELECT unnest(from_json(
        CASE WHEN json_type(evidence) = 'ARRAY' THEN evidence ELSE '[]' END,
        '[{"boot_id":"VARCHAR","source":"VARCHAR","cpu":"INTEGER","class":"VARCHAR","seq":"BIGINT","time_ns":"BIGINT"}]'
    ), recursive := true)
    FROM findings
    WHERE id = $finding
)
SELECT
    a.time, a.operation,
    CASE
        WHEN a.class = 'process' THEN coalesce(a.script, a.path, a.exe)
        WHEN a.dst_ip IS NOT NULL THEN coalesce(a.dst_name, a.dst_ip) || coalesce(':' || a.dst_port, '')
        ELSE coalesce(a.path || coalesce(' → ' || a.path_to, ''), a.path_to, a.src_ip || coalesce(':' || a.src_port, ''))
    END AS object,
    a.verdict, a.rule, a.outcome, a.action, a.enforcement, a.exe, a.pid, a.cmdline, a.labels, a.tool_call, a."user", a.quality,
    a.class, a.source, a.cpu, a.seq, a.process_key
FROM activity AS a
SEMI JOIN proof AS p
    ON a.time_ns IS NOT DISTINCT FROM p.time_ns AND a.seq IS NOT DISTINCT FROM p.seq AND a.cpu IS NOT DISTINCT FROM p.cpu
    AND a.class IS NOT DISTINCT FROM p.class AND a.source IS NOT DISTINCT FROM p.source AND a.boot_id IS NOT DISTINCT FROM p.boot_id
WHERE a.time >= $since AND a.time < $until
ORDER BY a.time_ns, a.seq
LIMIT 1000
