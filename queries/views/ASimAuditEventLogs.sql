-- title: ASimAuditEventLogs (Sentinel)
-- answers: Who changed the policy, decided about held runs, or acted on runs and quarantined files?
-- schema: asim.ASimAuditEventLogs
-- source: https://learn.microsoft.com/en-us/azure/sentinel/normalization-schema-audit
-- columns:
--   TimeGenerated, EventStartTime, EventEndTime, EventCount, EventVendor, EventProduct, EventSchemaVersion, Type
--   EventType: Set for a policy, Execute for a decision or an action
--   EventResult: Success, Failure, or NA where it could not be read back
--   EventResultDetails: why a policy was refused, what was read back after an action, or what the person said
--   EventOriginalUid: id of the question or of the action
--   EventOriginalType: in_force, refused; released, denied, killed; or the action
--   EventSeverity: Informational, of a failure Medium
--   DvcHostname
--   DvcId, DvcIdType
--   RuleName
--   ActorUserId: number of the person
--   ActorUserIdType: UID
--   ActorUsername: the person; lictor where the time was up; policy where a rule acts by itself
--   ActorUsernameType: Simple
--   ActorSessionId: the agent's run that it is about
--   ActingAppName: lictor
--   ActingAppType: Process
--   Operation: Policy in force, Policy refused, Run released, Request denied, Run killed, or the action
--   Object: the policy, the run, or the file or address acted on
--   ObjectType: Policy Rule, Process, File or Other
--   OriginalObjectType: policy, run or object
--   NewValue: version of the policy, or the state that was entered
--   ValueType: Other
--   AdditionalFields: JSON: agent, run, rule, policy, file and what else is known
WITH told AS (
    SELECT
        time, host, CAST(NULL AS VARCHAR) AS boot_id, CAST(NULL AS VARCHAR) AS id, state AS original, 'Set' AS EventType,
        CASE state WHEN 'in_force' THEN 'Policy in force' ELSE 'Policy refused' END AS Operation,
        CASE state WHEN 'in_force' THEN 'Success' ELSE 'Failure' END AS EventResult, reason AS details,
        CAST(NULL AS VARCHAR) AS rule, CAST(NULL AS BIGINT) AS actor_uid, CAST(NULL AS VARCHAR) AS actor, CAST(NULL AS VARCHAR) AS run,
        coalesce(policy, file) AS Object, 'policy' AS kind, version AS NewValue,
        json_merge_patch('{}', to_json({'Policy': policy, 'File': file})) AS facts
    FROM policies
    UNION ALL
    SELECT
        time, host, boot_id, id, state, 'Execute',
        CASE state WHEN 'released' THEN 'Run released' WHEN 'denied' THEN 'Request denied' ELSE 'Run killed' END,
        'Success', why, rule, decided_uid, decided_by, agent_run, agent_run, 'run', state,
        json_merge_patch('{}', to_json({
            'Agent': agent, 'Run': agent_run, 'Rule': rule, 'Policy': policy, 'Operation': operation, 'Object': object, 'Login': decided_login, 'Account': decided_account
        }))
    FROM request_log
    WHERE state IN ('released', 'denied', 'killed')
    UNION ALL
    SELECT
        time, host, boot_id, id, action, 'Execute', action,
        CASE enforcement WHEN 'confirmed' THEN 'Success' WHEN 'failed' THEN 'Failure' ELSE 'NA' END,
        evidence, rule, NULL, actor, agent_run, coalesce(object, agent_run), CASE WHEN object IS NULL THEN 'run' ELSE 'object' END, enforcement,
        json_merge_patch('{}', to_json({'Run': agent_run, 'Rule': rule, 'Policy': policy, 'EnforcedAt': enforced_at, 'Pid': pid}))
    FROM actions
    WHERE phase = 'result'
)
SELECT
    time AS TimeGenerated, time AS EventStartTime, time AS EventEndTime, 1 AS EventCount, 'Lictor' AS EventVendor,
    'Lictor' AS EventProduct, '1.0.0' AS EventSchemaVersion, 'ASimAuditEventLogs' AS Type, EventType, EventResult,
    details AS EventResultDetails, id AS EventOriginalUid, original AS EventOriginalType,
    CASE EventResult WHEN 'Failure' THEN 'Medium' ELSE 'Informational' END AS EventSeverity, host AS DvcHostname,
    boot_id AS DvcId, CASE WHEN boot_id IS NOT NULL THEN 'Other' END AS DvcIdType, rule AS RuleName,
    actor_uid AS ActorUserId, CASE WHEN actor_uid IS NOT NULL THEN 'UID' END AS ActorUserIdType, actor AS ActorUsername,
    CASE WHEN actor IS NOT NULL THEN 'Simple' END AS ActorUsernameType, run AS ActorSessionId, 'lictor' AS ActingAppName,
    'Process' AS ActingAppType, Operation, Object, kind AS OriginalObjectType,
    CASE kind WHEN 'policy' THEN 'Policy Rule' WHEN 'run' THEN 'Process' ELSE CASE WHEN starts_with(Object, '/') THEN 'File' ELSE 'Other' END END
        AS ObjectType,
    NewValue, CASE WHEN NewValue IS NOT NULL THEN 'Other' END AS ValueType, facts AS AdditionalFields
FROM told
