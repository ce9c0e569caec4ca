-- title: Accessed resources
-- answers: Which files, programs and addresses did agents use, under which tool call, and how did that end?
-- source: Purview CopilotEventData.AccessedResources, https://learn.microsoft.com/en-us/office/office-365-management-api/copilot-schema
-- columns:
--   time TIMESTAMPTZ: when it happened
--   host VARCHAR: host name
--   agent_run VARCHAR: the run
--   agent VARCHAR: agent
--   conversation VARCHAR: the agent's session
--   tool_call VARCHAR: the tool call that caused it
--   tool VARCHAR: the tool's name
--   type VARCHAR: file, program, address or socket
--   id VARCHAR: whole path, or address and port
--   name VARCHAR: name of the file or program without its folder, or name of the host
--   unique_id VARCHAR: of a file device:inode, which stays when it is renamed
--   action VARCHAR: Read, Write, Create, Delete, Rename, Link, Change, Execute, Connect, Send or Accept
--   sensitivity_label VARCHAR: labels that the policy gives it
--   sensitive_kind VARCHAR: kind of secret that is usually kept there
--   policy_details JSON: policy, version, rule, severity, verdict and action; NULL where no policy was in force
--   status VARCHAR: success, failure or denied
--   event_id VARCHAR: hash that names the event
SELECT
    time, host, agent_run, agent, conversation, tool_call, tool,
    CASE WHEN operation = 'exec' THEN 'program' WHEN class = 'file' THEN 'file' WHEN dst_ip IS NULL AND path IS NOT NULL THEN 'socket' ELSE 'address' END AS type,
    CASE
        WHEN operation = 'exec' THEN coalesce(exe, path)
        WHEN class = 'file' THEN coalesce(path_to, path)
        ELSE coalesce(path, CASE WHEN contains(dst_ip, ':') THEN '[' || dst_ip || ']' ELSE dst_ip END || coalesce(':' || dst_port, ''))
    END AS id,
    CASE
        WHEN operation = 'exec' THEN split_part(coalesce(exe, path), '/', -1)
        WHEN class = 'file' THEN split_part(coalesce(path_to, path), '/', -1)
        ELSE coalesce(dst_name, split_part(path, '/', -1))
    END AS name,
    CASE WHEN class = 'file' THEN dev || ':' || ino END AS unique_id,
    CASE operation
        WHEN 'exec' THEN 'Execute' WHEN 'file.read' THEN 'Read' WHEN 'file.open' THEN 'Read' WHEN 'file.write' THEN 'Write'
        WHEN 'file.truncate' THEN 'Write' WHEN 'file.create' THEN 'Create' WHEN 'file.mkdir' THEN 'Create'
        WHEN 'file.delete' THEN 'Delete' WHEN 'file.rename' THEN 'Rename' WHEN 'file.link' THEN 'Link' WHEN 'file.symlink' THEN 'Link'
        WHEN 'net.connect' THEN 'Connect' WHEN 'net.send' THEN 'Send' WHEN 'net.accept' THEN 'Accept' ELSE 'Change'
    END AS action,
    labels AS sensitivity_label, sensitive_kind,
    CASE WHEN verdict IS NOT NULL THEN json_merge_patch('{}', to_json({
        'PolicyName': policy, 'PolicyVersion': policy_version, 'RuleName': rule, 'Severity': severity, 'Verdict': verdict, 'Action': action
    })) END AS policy_details,
    outcome AS status, event_id
FROM activity_in_context
WHERE class = 'file' OR operation IN ('exec', 'net.connect', 'net.send', 'net.accept')
