-- title: Tool calls of a run
-- answers: Which tool calls did the agent make, as its marks tell, and what did each cause?
-- parameters:
--   run: text = : the run
-- columns:
--   tool_call VARCHAR: id of the call
--   tool VARCHAR: the tool's name, where telemetry gives it
--   conversation VARCHAR: the agent's session
--   started TIMESTAMPTZ: time of its first event
--   ended TIMESTAMPTZ: time of its last event
--   events BIGINT: rows
--   processes BIGINT: processes that did it
--   denied BIGINT: rows with deny or stronger
--   command VARCHAR: command line of its first program
SELECT
    tool_call, any_value(tool) AS tool, any_value(conversation) AS conversation, min(time) AS started, max(time) AS ended,
    count(*) AS events, count(DISTINCT process_key) AS processes,
    count(*) FILTER (verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')) AS denied,
    arg_min(cmdline, time_ns) FILTER (operation = 'exec') AS command
FROM activity
WHERE agent_run = $run AND time >= $since AND time < $until AND tool_call IS NOT NULL
GROUP BY tool_call
ORDER BY started
LIMIT 1000
