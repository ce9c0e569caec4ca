-- title: ASimFileEventLogs (Sentinel)
-- answers: Which files did agents read, create, change, rename and delete, or try to?
-- schema: asim.ASimFileEventLogs
-- source: https://learn.microsoft.com/en-us/azure/sentinel/normalization-schema-file-event
-- columns:
--   TimeGenerated, EventStartTime, EventEndTime, EventCount, EventVendor, EventProduct, EventSchemaVersion, Type,
--   EventOriginalUid, EventOriginalType, EventResult, EventSeverity, EventOriginalSeverity, DvcHostname, DvcId, DvcIdType,
--   DvcAction, DvcOriginalAction, AdditionalFields
--   EventSchema: FileEvent
--   EventType: FileAccessed (opened for reading), FileCreated (also links), FileModified (opened for writing, cut, or its permissions changed), FileRenamed, FileDeleted, FolderCreated or FolderDeleted
--   EventOriginalResultDetails, RuleName
--   ActorUserId, ActorUserIdType, ActorUsername, ActorUsernameType, ActorSessionId
--   ActingProcessName, ActingProcessCommandLine, ActingProcessId, ActingProcessGuid
--   TargetFilePath: the file; of a rename or link, the new name
--   TargetFilePathType: Unix
--   TargetFileName: its name without the folder
--   TargetFileDirectory: its folder
--   TargetFileExtension: what stands behind the last dot of its name
--   TargetFileSHA256: hash of the content, where it is known
--   SrcFilePath: of a rename or link, the old name
--   SrcFilePathType: Unix
--   SrcFileName: its name without the folder
--   SrcFileDirectory: its folder
WITH named AS (
    SELECT
        *, coalesce(path_to, path) AS target, CASE WHEN path_to IS NOT NULL THEN path END AS origin,
        coalesce(mode & 61440 = 16384, false) AS folder
    FROM activity_in_context
    WHERE class = 'file'
)
SELECT
    time AS TimeGenerated, time AS EventStartTime, time AS EventEndTime, 1 AS EventCount, 'Lictor' AS EventVendor,
    'Lictor' AS EventProduct, '1.0.0' AS EventSchemaVersion, 'ASimFileEventLogs' AS Type, CAST(event_id AS UUID) AS EventOriginalUid,
    operation AS EventOriginalType, CASE outcome WHEN 'success' THEN 'Success' ELSE 'Failure' END AS EventResult,
    CASE severity WHEN 'critical' THEN 'High' ELSE coalesce(upper(severity[1]) || severity[2:], 'Informational') END AS EventSeverity,
    severity AS EventOriginalSeverity, host AS DvcHostname, boot_id AS DvcId, 'Other' AS DvcIdType,
    CASE WHEN effect IN ('stopped', 'unverified') THEN 'Deny' WHEN verdict IS NOT NULL THEN 'Allow' END AS DvcAction,
    verdict AS DvcOriginalAction, facts AS AdditionalFields, 'FileEvent' AS EventSchema,
    CASE
        WHEN operation IN ('file.read', 'file.open') THEN 'FileAccessed'
        WHEN operation = 'file.mkdir' THEN 'FolderCreated'
        WHEN operation = 'file.delete' AND folder THEN 'FolderDeleted'
        WHEN operation = 'file.delete' THEN 'FileDeleted'
        WHEN operation = 'file.rename' THEN 'FileRenamed'
        WHEN operation IN ('file.write', 'file.truncate', 'file.chmod') THEN 'FileModified'
        ELSE 'FileCreated'
    END AS EventType,
    nullif(errno, 0) AS EventOriginalResultDetails, rule AS RuleName,
    uid AS ActorUserId, CASE WHEN uid IS NOT NULL THEN 'UID' END AS ActorUserIdType,
    "user" AS ActorUsername, CASE WHEN "user" IS NOT NULL THEN 'Simple' END AS ActorUsernameType, agent_run AS ActorSessionId,
    exe AS ActingProcessName, cmdline AS ActingProcessCommandLine, pid AS ActingProcessId, process_key AS ActingProcessGuid,
    target AS TargetFilePath, CASE WHEN target IS NOT NULL THEN 'Unix' END AS TargetFilePathType,
    split_part(target, '/', -1) AS TargetFileName, regexp_extract(target, '(?s)^(.*)/[^/]*$', 1) AS TargetFileDirectory,
    nullif(regexp_extract(target, '[^/]\.([^/.]+)$', 1), '') AS TargetFileExtension, sha256 AS TargetFileSHA256,
    origin AS SrcFilePath, CASE WHEN origin IS NOT NULL THEN 'Unix' END AS SrcFilePathType,
    split_part(origin, '/', -1) AS SrcFileName, regexp_extract(origin, '(?s)^(.*)/[^/]*$', 1) AS SrcFileDirectory
FROM named
