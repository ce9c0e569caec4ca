-- title: Tool calls
-- answers: What did each tool call of an agent really do: programs, files, addresses?
-- columns:
--   agent_run VARCHAR: the run
--   tool_call VARCHAR: id of the tool call, as the agent's environment or telemetry gives it
--   tool VARCHAR: the tool's name, where telemetry gives it
--   conversation VARCHAR: the agent's session
--   agent VARCHAR: agent
--   agent_id VARCHAR: names the agent: MD5 of host, user and product
--   host VARCHAR: host name
--   user VARCHAR: user of its processes
--   started TIMESTAMPTZ: time of its first event
--   ended TIMESTAMPTZ: time of its last event
--   events BIGINT: what was seen of it
--   processes BIGINT: processes that did it
--   files_read BIGINT: distinct files opened for reading
--   files_changed BIGINT: distinct files created, written, renamed or deleted
--   destinations BIGINT: distinct addresses and ports asked for
--   denied BIGINT: rows whose verdict is deny or stronger
--   command VARCHAR: command line of its first program
SELECT
    agent_run, tool_call, any_value(tool) AS tool, any_value(conversation) AS conversation, any_value(agent) AS agent,
    any_value(agent_id) AS agent_id, any_value(host) AS host, any_value("user") AS "user",
    min(time) AS started, max(time) AS ended, count(*) AS events, count(DISTINCT process_key) AS processes,
    count(DISTINCT path) FILTER (operation = 'file.read' AND outcome = 'success') AS files_read,
    count(DISTINCT coalesce(path_to, path)) FILTER (
        operation IN ('file.create', 'file.write', 'file.rename', 'file.link', 'file.symlink', 'file.truncate', 'file.delete')
        AND outcome = 'success'
    ) AS files_changed,
    count(DISTINCT (dst_ip, dst_port)) FILTER (class = 'network' AND dst_ip IS NOT NULL) AS destinations,
    count(*) FILTER (denied) AS denied,
    arg_min(cmdline, time) FILTER (operation = 'exec') AS command
FROM activity_in_context
WHERE tool_call IS NOT NULL
GROUP BY agent_run, tool_call
