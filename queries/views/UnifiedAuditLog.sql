-- title: UnifiedAuditLog (Purview)
-- answers: Who did what with which agent, on what, and how did it end? Every event, run, tool call, finding, decision and policy.
-- schema: purview.UnifiedAuditLog
-- columns:
--   Id: hash that names the record, as a GUID
--   RecordType: Lictor's own numbers, beyond Microsoft's: 10001 process, 10002 file, 10003 network, 10004 DNS, 10005 registry, 10006 kernel, 10007 user interface, 10008 agent (runs and tool calls), 10009 finding, 10010 action, 10011 health, 10012 policy, 10013 decision
--   CreationTime: when it happened
--   Operation: AIInvokeAgent (a run), AIExecuteTool (a tool call), FileRead, FileCreated, FileModified, FileDeleted, FileRenamed, ProcessStarted, NetworkConnected …; AIInferenceCall is not there: calls of models are not seen from within the kernel
--   UserType: 0 a person, 2 the administrator (root), 4 Lictor itself
--   UserKey: number of the user; the name where there is none
--   Workload: AgentEndpoint
--   ResultStatus: Succeeded, Failed, or PartiallySucceeded where it could not be read back
--   ObjectId: file, program, address, run or policy that it is about
--   UserId: user name
--   Scope: 1: on premises
--   DeviceName: host name
--   AgentName: agent
--   SessionId: the agent's session, else the run
--   AuditData: the record as JSON; runs and tool calls with CopilotEventData, of a tool call with AccessedResources (at most 200)
WITH resources AS (
    SELECT
        agent_run, tool_call,
        to_json(list(DISTINCT {
            'Id': id, 'SiteUrl': CASE WHEN type IN ('file', 'program') THEN 'file://' || coalesce(host, '') || id END,
            'listItemUniqueId': unique_id, 'Type': type, 'Name': name, 'SensitivityLabelId': sensitivity_label, 'Action': action,
            'PolicyDetails': policy_details, 'Status': status
        })[:200]) AS accessed
    FROM accessed_resources
    WHERE tool_call IS NOT NULL
    GROUP BY agent_run, tool_call
),
told AS (
    SELECT
        time, CAST(CAST(event_id AS UUID) AS VARCHAR) AS id,
        10000 + coalesce(list_position(['process', 'file', 'network', 'dns', 'registry', 'kernel', 'ui', 'agent', 'finding', 'action', 'health'], class), 0) AS kind,
        CASE operation
            WHEN 'fork' THEN 'ProcessForked' WHEN 'exec' THEN 'ProcessStarted' WHEN 'exit' THEN 'ProcessEnded'
            WHEN 'file.read' THEN 'FileRead' WHEN 'file.open' THEN 'FileOpened' WHEN 'file.write' THEN 'FileModified' WHEN 'file.create' THEN 'FileCreated'
            WHEN 'file.delete' THEN 'FileDeleted' WHEN 'file.rename' THEN 'FileRenamed' WHEN 'file.link' THEN 'FileLinked'
            WHEN 'file.symlink' THEN 'FileLinked' WHEN 'file.chmod' THEN 'FilePermissionsChanged' WHEN 'file.mkdir' THEN 'FolderCreated'
            WHEN 'file.truncate' THEN 'FileModified' WHEN 'net.connect' THEN 'NetworkConnected' WHEN 'net.bind' THEN 'NetworkBound'
            WHEN 'net.listen' THEN 'NetworkListened' WHEN 'net.accept' THEN 'NetworkAccepted' WHEN 'net.send' THEN 'NetworkSent'
            ELSE operation
        END AS operation,
        uid, "user", CASE outcome WHEN 'success' THEN 'Succeeded' ELSE 'Failed' END AS status,
        CASE
            WHEN class = 'process' THEN exe
            ELSE coalesce(path_to, path, CASE WHEN operation IN ('net.bind', 'net.listen') THEN src_ip || coalesce(':' || src_port, '')
                ELSE coalesce(dst_name, dst_ip) || coalesce(':' || dst_port, '') END)
        END AS object,
        host, agent, coalesce(conversation, agent_run) AS session,
        json_merge_patch(facts, to_json({
            'Activity': operation, 'Path': path, 'PathTo': path_to, 'LocalIP': src_ip, 'LocalPort': src_port, 'RemoteIP': dst_ip, 'RemotePort': dst_port,
            'RemoteName': dst_name, 'Program': exe, 'CommandLine': cmdline, 'ProcessId': pid, 'ProcessKey': CAST(process_key AS VARCHAR)
        })) AS details
    FROM activity_in_context
    UNION ALL
    SELECT
        EventStartTime, EventUid, 10008, 'AI' || EventType, NULL, ActorUsername, 'Succeeded', EventOriginalUid,
        AdditionalFields ->> 'Host', SrcAgentName, EventSessionId,
        json_merge_patch(AdditionalFields, to_json({
            'AgentId': SrcAgentId, 'AgentName': SrcAgentName, 'AppIdentity': SrcAgentId, 'ToolCallId': ToolId, 'ToolName': ToolName,
            'Command': EventOriginalRequestDetails, 'CopilotLogVersion': '1.0.0',
            'CopilotEventData': {
                'AppHost': SrcAgentName, 'ThreadId': EventSessionId, 'Contexts': CAST([] AS JSON[]), 'MessageIds': CAST([] AS JSON[]),
                'Messages': CAST([] AS JSON[]), 'AccessedResources': coalesce(r.accessed, '[]'::JSON),
                'ModelTransparencyDetails': CAST([] AS JSON[]), 'AISystemPlugin': CAST([] AS JSON[])
            }
        }))
    FROM ASimAgentEventLogs AS e
    LEFT JOIN resources AS r ON r.agent_run = e.AdditionalFields ->> 'Run' AND r.tool_call = e.ToolId
    UNION ALL
    SELECT
        Timestamp, CAST(md5('finding|' || AlertId) AS UUID), 10009, 'FindingRaised', NULL, NULL, 'Succeeded', Title,
        f.host, NULL, f.agent_run,
        json_merge_patch('{}', to_json({
            'FindingId': AlertId, 'Title': Title, 'Severity': Severity, 'Techniques': AttackTechniques, 'DetectionSource': DetectionSource,
            'Rule': f.rule, 'Policy': f.policy, 'Run': f.agent_run
        }))
    FROM AlertInfo
    LEFT JOIN (SELECT id, any_value(host) AS host, any_value(agent_run) AS agent_run, any_value(rule) AS rule, any_value(policy) AS policy FROM findings GROUP BY id) AS f
        ON f.id = AlertId
    UNION ALL
    SELECT
        TimeGenerated,
        CAST(md5(concat_ws('|', 'audit', OriginalObjectType, coalesce(EventOriginalUid, ''), EventOriginalType, TimeGenerated, Object, coalesce(AdditionalFields ->> 'File', ''))) AS UUID),
        CASE OriginalObjectType WHEN 'policy' THEN 10012 WHEN 'run' THEN 10013 ELSE 10010 END,
        Operation, CAST(ActorUserId AS BIGINT), coalesce(ActorUsername, 'lictor'),
        CASE EventResult WHEN 'Success' THEN 'Succeeded' WHEN 'Failure' THEN 'Failed' ELSE 'PartiallySucceeded' END, Object,
        DvcHostname, AdditionalFields ->> 'Agent', ActorSessionId,
        json_merge_patch(AdditionalFields, to_json({'Details': EventResultDetails, 'NewValue': NewValue, 'Action': EventOriginalType}))
    FROM ASimAuditEventLogs
)
SELECT
    id AS Id, kind AS RecordType, time AS CreationTime, operation AS Operation,
    CASE WHEN kind >= 10009 AND coalesce("user", 'lictor') IN ('lictor', 'policy') THEN 4 WHEN uid = 0 OR "user" = 'root' THEN 2 ELSE 0 END AS UserType,
    coalesce(CAST(uid AS VARCHAR), "user") AS UserKey, 'AgentEndpoint' AS Workload, status AS ResultStatus, object AS ObjectId,
    coalesce("user", CASE WHEN kind >= 10009 THEN 'lictor' END) AS UserId, 1 AS Scope, host AS DeviceName, agent AS AgentName, session AS SessionId,
    json_merge_patch(
        '{}',
        to_json({
            'CreationTime': strftime(time, '%Y-%m-%dT%H:%M:%S.%f'), 'Id': id, 'Operation': operation, 'RecordType': kind,
            'UserKey': coalesce(CAST(uid AS VARCHAR), "user"), 'UserId': coalesce("user", CASE WHEN kind >= 10009 THEN 'lictor' END),
            'UserType': CASE WHEN kind >= 10009 AND coalesce("user", 'lictor') IN ('lictor', 'policy') THEN 4 WHEN uid = 0 OR "user" = 'root' THEN 2 ELSE 0 END,
            'Version': 1, 'Workload': 'AgentEndpoint', 'ResultStatus': status, 'ObjectId': object, 'Scope': 1, 'DeviceName': host,
            'AgentName': agent, 'SessionId': session
        }),
        -- Words that the record and an event's facts share mean the record's.
        json_merge_patch(details, '{"Operation": null, "RecordType": null}')
    ) AS AuditData
FROM told
