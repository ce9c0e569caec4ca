-- title: Policy matches
-- answers: Which rules matched, on what, and what was done about it?
-- source: Purview DlpRuleMatch, https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-schema#dlp-schema
-- columns:
--   time TIMESTAMPTZ: when it happened
--   policy VARCHAR: name of the policy
--   policy_version VARCHAR: hash of its text
--   rule VARCHAR: the rule; defaults are left out
--   severity VARCHAR: severity of the rule
--   verdict VARCHAR: what the rule said
--   action VARCHAR: what was done; NULL where nothing was
--   effect VARCHAR: of a denial: stopped, failed, unverified or observed
--   mode INTEGER: enforcement mode as Purview counts it: 1 audit, 2 warn, 3 warn and let a person pass it, 4 block, 5 allow
--   conditions JSON: what matched: operation, object, program, labels
--   justification VARCHAR: what a person said when they decided about the same rule in the same run
--   user VARCHAR: user
--   host VARCHAR: host name
--   agent VARCHAR: agent
--   agent_run VARCHAR: the run
--   tool_call VARCHAR: the tool call that caused it
--   event_id VARCHAR: hash that names the event
SELECT
    c.time, c.policy, c.policy_version, c.rule, c.severity, c.verdict, c.action, c.effect,
    CASE
        WHEN c.verdict = 'allow' THEN 5 WHEN c.verdict = 'ask' THEN 3 WHEN c.verdict = 'audit' OR c.action IS NULL THEN 1
        WHEN c.action = 'warn' THEN 2 ELSE 4
    END AS mode,
    json_merge_patch('{}', to_json({
        'Operation': c.operation, 'Path': c.path, 'PathTo': c.path_to, 'RemoteIP': c.dst_ip, 'RemotePort': c.dst_port,
        'RemoteName': c.dst_name, 'Program': c.exe, 'Labels': c.labels
    })) AS conditions,
    d.why AS justification, c."user", c.host, c.agent, c.agent_run, c.tool_call, c.event_id
FROM activity_in_context AS c
LEFT JOIN (
    SELECT agent_run, rule, arg_max(why, time) AS why
    FROM request_log
    WHERE why IS NOT NULL
    GROUP BY agent_run, rule
) AS d ON d.agent_run = c.agent_run AND d.rule = c.rule
WHERE c.verdict IS NOT NULL AND c.rule IS NOT NULL AND c.rule NOT LIKE 'default:%'
