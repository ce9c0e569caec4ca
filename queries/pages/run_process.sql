-- title: Programs of a process
-- answers: Which programs did this process run, where, and with which command lines?
-- parameters:
--   run: text = : the run
--   process: text = : its key
-- columns:
--   time TIMESTAMPTZ: when the program started
--   exe VARCHAR: the program
--   cmdline VARCHAR: its command line
--   cwd VARCHAR: working directory
--   script VARCHAR: the script, where exe is its interpreter
--   user VARCHAR: user
--   tool_call VARCHAR: the tool call that caused it
--   conversation VARCHAR: the agent's session
--   marks VARCHAR: environment marks
--   outcome VARCHAR: how the call ended
--   verdict VARCHAR: what policy said
--   container VARCHAR: container id
SELECT time, exe, cmdline, cwd, script, "user", tool_call, conversation, marks, outcome, verdict, container
FROM activity
WHERE agent_run = $run AND time >= $since AND time < $until AND operation = 'exec' AND process_key = try_cast($process AS BIGINT)
ORDER BY time_ns
LIMIT 200
