-- title: Sensitive access
-- answers: Which files that hold secrets, or bear a label, did agents touch, and did they get them?
-- columns:
--   time TIMESTAMPTZ: when it happened
--   time_ns BIGINT: the exact order within a host
--   host VARCHAR: host name
--   agent_run VARCHAR: the run
--   agent VARCHAR: agent
--   user VARCHAR: user of the process
--   operation VARCHAR: what was done or tried
--   path VARCHAR: the file
--   path_to VARCHAR: second name of a rename or link
--   kind VARCHAR: kind of secret that is usually kept there; NULL where only a label or a rule says that it is one
--   labels VARCHAR: sensitivity labels of the file
--   because VARCHAR: why it counts as sensitive: label, place (its path) or rule (a policy's)
--   got BOOLEAN: whether the call went through
--   effect VARCHAR: of a denial: stopped, failed, unverified, or observed where nothing was done
--   verdict VARCHAR: what the policy said
--   rule VARCHAR: the rule that said it
--   policy VARCHAR: its policy
--   severity VARCHAR: severity of the rule
--   outcome VARCHAR: how the call ended
--   errno INTEGER: error number of a failed call
--   exe VARCHAR: the program
--   cmdline VARCHAR: its command line
--   pid INTEGER: its process id
--   process_key BIGINT: identity of the process
--   conversation VARCHAR: the agent's session
--   tool_call VARCHAR: the tool call that caused it
--   event_id VARCHAR: hash that names the event
SELECT
    time, time_ns, host, agent_run, agent, "user", operation, path, path_to, sensitive_kind AS kind, labels,
    sensitive_because AS because, outcome = 'success' AS got, effect, verdict, rule, policy, severity, outcome, errno, exe,
    cmdline, pid, process_key, conversation, tool_call, event_id
FROM activity_in_context
WHERE sensitive_because IS NOT NULL
