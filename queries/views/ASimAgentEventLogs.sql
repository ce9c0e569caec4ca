-- title: ASimAgentEventLogs (Sentinel)
-- answers: When were agents run, and which tools did they call?
-- schema: asim.ASimAgentEventLogs
-- source: https://learn.microsoft.com/en-us/azure/sentinel/normalization-schema-agent
-- columns:
--   TimeGenerated, EventCount, EventVendor, EventProduct, EventSchema, EventSchemaVersion, Type
--   EventUid: hash that names the run or the tool call, as a UUID
--   EventOriginalUid: the run, or the tool call
--   EventStartTime: begin of the run or of the tool call
--   EventEndTime: its end; NULL while a run goes on
--   EventType: InvokeAgent (a run) or ExecuteTool (a tool call)
--   EventOriginalType: run or tool_call
--   SrcAgentId: names the agent on this host under this user, as a UUID
--   SrcAgentName: agent
--   SrcAgentOriginalType: local process
--   ActorUserId: user who started it
--   ActorUserIdType: Username
--   ActorUsername, ActorUsernameType
--   EventSessionId: the agent's session, else the run
--   ToolId: id of the tool call
--   ToolName: the tool's name, where telemetry gives it
--   EventOriginalRequestDetails: command line of the run, or of the tool call's first program
--   AdditionalFields: JSON: host, run, policy, mode, and counts of what was done
WITH told AS (
    SELECT
        started, ended, run AS id, 'InvokeAgent' AS EventType, 'run' AS original, agent, host, "user", run AS session,
        CAST(NULL AS VARCHAR) AS tool_call, CAST(NULL AS VARCHAR) AS tool, command,
        json_merge_patch('{}', to_json({
            'Host': host, 'Run': run, 'Policy': policy, 'Mode': mode, 'ExitCode': exit_code, 'Events': events, 'Denied': denied
        })) AS facts
    FROM runs
    UNION ALL
    SELECT
        started, ended, tool_call, 'ExecuteTool', 'tool_call', agent, host, "user", coalesce(conversation, agent_run),
        tool_call, tool, command,
        json_merge_patch('{}', to_json({
            'Host': host, 'Run': agent_run, 'Events': events, 'FilesRead': files_read, 'FilesChanged': files_changed,
            'Destinations': destinations, 'Denied': denied
        }))
    FROM tool_calls
)
SELECT
    started AS TimeGenerated, started AS EventStartTime, ended AS EventEndTime, 1 AS EventCount, 'Lictor' AS EventVendor,
    'Lictor' AS EventProduct, 'AgentEvent' AS EventSchema, '1.0.0' AS EventSchemaVersion, 'ASimAgentEventLogs' AS Type,
    CAST(md5(concat_ws('|', original, coalesce(facts ->> 'Run', ''), id)) AS UUID) AS EventUid, id AS EventOriginalUid,
    EventType, original AS EventOriginalType,
    CAST(md5(concat_ws('|', coalesce(host, ''), coalesce("user", ''), coalesce(agent, ''))) AS UUID) AS SrcAgentId,
    agent AS SrcAgentName, 'local process' AS SrcAgentOriginalType,
    "user" AS ActorUserId, CASE WHEN "user" IS NOT NULL THEN 'Username' END AS ActorUserIdType,
    "user" AS ActorUsername, CASE WHEN "user" IS NOT NULL THEN 'Simple' END AS ActorUsernameType,
    session AS EventSessionId, tool_call AS ToolId, tool AS ToolName, command AS EventOriginalRequestDetails, facts AS AdditionalFields
FROM told
