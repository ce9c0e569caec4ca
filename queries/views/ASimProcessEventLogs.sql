-- title: ASimProcessEventLogs (Sentinel)
-- answers: Which programs did agents start, and how did they end?
-- schema: asim.ASimProcessEventLogs
-- source: https://learn.microsoft.com/en-us/azure/sentinel/normalization-schema-process-event
-- columns:
--   TimeGenerated, EventStartTime, EventEndTime, EventCount, EventVendor, EventProduct, EventSchemaVersion, Type,
--   EventOriginalUid, EventOriginalType, EventResult, EventSeverity, EventOriginalSeverity, DvcHostname, DvcId, DvcIdType,
--   DvcAction, DvcOriginalAction, AdditionalFields
--   EventType: ProcessCreated (a program was started) or ProcessTerminated
--   EventOriginalResultDetails: error number of a start that failed
--   RuleName
--   ActorUserId, ActorUserIdType, ActorUsername, ActorUsernameType, ActorSessionId
--   ActingProcessName: program of the creator (ProcessCreated), or the process itself (ProcessTerminated), whole path
--   ActingProcessFilename, ActingProcessCommandLine, ActingProcessId, ActingProcessGuid, ActingProcessCreationTime
--   ParentProcessName: program of the acting process's creator, whole path
--   ParentProcessId: its pid, as text
--   ParentProcessCreationTime: when it was forked
--   TargetUserId: number of the process's user
--   TargetUserIdType: UID
--   TargetUsername: user of the process
--   TargetUsernameType: Simple
--   TargetProcessName: program, whole path
--   TargetProcessFilename: program, without its folder
--   TargetProcessCommandLine: command line
--   TargetProcessCurrentDirectory: working directory at its start
--   TargetProcessId: pid, as text
--   TargetProcessGuid: process_key, as text
--   TargetProcessCreationTime: when it was forked; NULL where that was not seen
--   TargetProcessSHA256: hash of the program, where a policy asks for it
--   TargetProcessStatusCode: of ProcessTerminated: exit status, or 128 + signal
SELECT
    time AS TimeGenerated, time AS EventStartTime, time AS EventEndTime, 1 AS EventCount, 'Lictor' AS EventVendor,
    'Lictor' AS EventProduct, '1.0.0' AS EventSchemaVersion, 'ASimProcessEventLogs' AS Type, CAST(event_id AS UUID) AS EventOriginalUid,
    operation AS EventOriginalType, CASE outcome WHEN 'success' THEN 'Success' ELSE 'Failure' END AS EventResult,
    CASE severity WHEN 'critical' THEN 'High' ELSE coalesce(upper(severity[1]) || severity[2:], 'Informational') END AS EventSeverity,
    severity AS EventOriginalSeverity, host AS DvcHostname, boot_id AS DvcId, 'Other' AS DvcIdType,
    CASE WHEN effect IN ('stopped', 'unverified') THEN 'Deny' WHEN verdict IS NOT NULL THEN 'Allow' END AS DvcAction,
    verdict AS DvcOriginalAction, facts AS AdditionalFields,
    CASE operation WHEN 'exec' THEN 'ProcessCreated' ELSE 'ProcessTerminated' END AS EventType,
    nullif(errno, 0) AS EventOriginalResultDetails, rule AS RuleName,
    initiator_uid AS ActorUserId, CASE WHEN initiator_uid IS NOT NULL THEN 'UID' END AS ActorUserIdType,
    initiator_user AS ActorUsername, CASE WHEN initiator_user IS NOT NULL THEN 'Simple' END AS ActorUsernameType,
    agent_run AS ActorSessionId,
    initiator_exe AS ActingProcessName, split_part(initiator_exe, '/', -1) AS ActingProcessFilename,
    initiator_cmdline AS ActingProcessCommandLine, initiator_pid AS ActingProcessId, initiator_key AS ActingProcessGuid,
    initiator_created AS ActingProcessCreationTime,
    initiator_parent_exe AS ParentProcessName, initiator_parent_pid AS ParentProcessId,
    initiator_parent_created AS ParentProcessCreationTime,
    uid AS TargetUserId, CASE WHEN uid IS NOT NULL THEN 'UID' END AS TargetUserIdType,
    "user" AS TargetUsername, CASE WHEN "user" IS NOT NULL THEN 'Simple' END AS TargetUsernameType,
    exe AS TargetProcessName, split_part(exe, '/', -1) AS TargetProcessFilename, cmdline AS TargetProcessCommandLine,
    cwd AS TargetProcessCurrentDirectory, pid AS TargetProcessId, process_key AS TargetProcessGuid,
    process_created AS TargetProcessCreationTime, exe_sha256 AS TargetProcessSHA256,
    CASE WHEN operation = 'exit' THEN coalesce(exit_code, 128 + signal) END AS TargetProcessStatusCode
FROM activity_with_descent
WHERE operation IN ('exec', 'exit')
