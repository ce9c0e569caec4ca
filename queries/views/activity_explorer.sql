-- title: Activity explorer
-- answers: What did agents do, by type of activity, with which data, and what did policy say?
-- source: Purview activity explorer of DSPM for AI
-- columns:
--   time TIMESTAMPTZ: when it happened
--   activity VARCHAR: Process, Process end, File read, File write, File delete, Permission change, Network connect, Network listen, DNS, Registry, Kernel or Other; Finding
--   agent VARCHAR: agent
--   agent_run VARCHAR: the run
--   conversation VARCHAR: the agent's session
--   tool_call VARCHAR: the tool call that caused it
--   user VARCHAR: user
--   host VARCHAR: host name
--   object VARCHAR: file, program or address; of a finding its title
--   destination VARCHAR: name or address of the peer
--   scope VARCHAR: loopback, private or external
--   label VARCHAR: sensitivity labels
--   sensitive_kind VARCHAR: kind of secret that is usually kept there
--   policy VARCHAR: policy
--   rule VARCHAR: rule that decided, or that found it
--   severity VARCHAR: severity of the rule
--   verdict VARCHAR: what the policy said
--   mode INTEGER: enforcement mode as Purview counts it: 0 none, 1 audit, 2 warn, 3 warn and let a person pass it, 4 block, 5 allow
--   outcome VARCHAR: success, failure or denied
--   id VARCHAR: hash that names the event; id of the finding
SELECT
    time,
    CASE
        WHEN operation IN ('exec', 'fork') THEN 'Process' WHEN operation = 'exit' THEN 'Process end'
        WHEN operation IN ('file.read', 'file.open') THEN 'File read' WHEN operation = 'file.delete' THEN 'File delete'
        WHEN operation = 'file.chmod' THEN 'Permission change' WHEN class = 'file' THEN 'File write'
        WHEN operation IN ('net.bind', 'net.listen', 'net.accept') THEN 'Network listen' WHEN class = 'network' THEN 'Network connect'
        WHEN class = 'dns' THEN 'DNS' WHEN class = 'registry' THEN 'Registry' WHEN class = 'kernel' THEN 'Kernel' ELSE 'Other'
    END AS activity,
    agent, agent_run, conversation, tool_call, "user", host,
    CASE WHEN class = 'process' THEN coalesce(exe, path) ELSE coalesce(path_to, path, dst_name, dst_ip, src_ip) END AS object,
    coalesce(dst_name, dst_ip) AS destination, dst_scope AS scope, labels AS label, sensitive_kind, policy, rule, severity, verdict,
    CASE
        WHEN verdict IS NULL THEN 0 WHEN verdict = 'allow' THEN 5 WHEN verdict = 'ask' THEN 3
        WHEN verdict = 'audit' OR action IS NULL THEN 1 WHEN action = 'warn' THEN 2 ELSE 4
    END AS mode,
    outcome, event_id AS id
FROM activity_in_context
UNION ALL
SELECT
    time, 'Finding', NULL, agent_run, NULL, NULL, NULL, host, title, NULL, NULL, NULL, NULL, policy, rule, severity, NULL, 0, NULL, id
FROM findings
QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
