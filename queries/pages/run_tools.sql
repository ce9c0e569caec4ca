-- title: Tool calls of a run
-- answers: Which tool calls did the agent make, as its marks tell, and what did each cause?
-- parameters:
--   run: text = : the run
-- columns:
--   started TIMESTAMPTZ: time of its first event
--   ended TIMESTAMPTZ: time of its last event
--   kind VARCHAR: how it is known: call (the agent gives its id), span (a W3C trace context), mark (a command that bears the agent's mark, without an id)
--   tool_call VARCHAR: id of the call, of the span, or of the process
--   tool VARCHAR: the tool's name, where telemetry gives it
--   conversation VARCHAR: the agent's session
--   events BIGINT: rows
--   processes BIGINT: processes that did it
--   denied BIGINT: rows with deny or stronger
--   command VARCHAR: command line of its first program
--   marks VARCHAR: environment marks of that program
WITH RECURSIVE own AS (
    SELECT
        time, time_ns, operation, process_key, child_key, tool_call, span_id, tool, conversation, marks,
        CASE WHEN operation = 'exec' THEN cmdline END AS cmdline,
        verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill') AS stopped
    FROM activity
    WHERE agent_run = $run AND time >= $since AND time < $until
        AND (class = 'process' OR tool_call IS NOT NULL OR span_id IS NOT NULL)
),
born AS (SELECT process_key AS creator, child_key AS child FROM own WHERE operation = 'fork'),
marked AS (
    SELECT DISTINCT process_key FROM own
    WHERE operation = 'exec' AND marks LIKE '{"%' AND tool_call IS NULL AND span_id IS NULL
),
-- A command that bears a mark and starts others, which inherit it, is one tool call: its first process stands for it.
below AS (
    SELECT b.child FROM born AS b JOIN marked AS m ON m.process_key = b.creator
    UNION
    SELECT b.child FROM born AS b JOIN below AS a ON a.child = b.creator
)
SELECT
    min(time) AS started, max(time) AS ended, CASE WHEN tool_call IS NOT NULL THEN 'call' ELSE 'span' END AS kind,
    coalesce(tool_call, span_id) AS tool_call, any_value(tool) AS tool, any_value(conversation) AS conversation, count(*) AS events,
    count(DISTINCT process_key) AS processes, count(*) FILTER (stopped) AS denied, arg_min(cmdline, time_ns) AS command,
    arg_min(marks, time_ns) AS marks
FROM own
WHERE tool_call IS NOT NULL OR span_id IS NOT NULL
GROUP BY ALL
UNION ALL
SELECT
    min(time) FILTER (operation = 'exec'), max(time), 'mark', CAST(process_key AS VARCHAR), NULL, any_value(conversation), count(*), 1,
    count(*) FILTER (stopped), arg_min(cmdline, time_ns), arg_min(marks, time_ns)
FROM own
WHERE process_key IN (SELECT process_key FROM marked) AND process_key NOT IN (SELECT child FROM below WHERE child IS NOT NULL)
GROUP BY process_key
ORDER BY started, tool_call
LIMIT 5000
