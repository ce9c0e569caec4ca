-- title: DeviceProcessEvents (Defender)
-- answers: Which programs did agents start, and which processes started them?
-- schema: defender.DeviceProcessEvents
-- source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-deviceprocessevents-table
-- columns:
--   Timestamp, DeviceId, DeviceName, ReportId, AdditionalFields
--   ActionType: ProcessCreated: a program was started (exec). A start that was refused is in DeviceEvents
--   FileName, FolderPath
--   SHA256: hash of the program file, where a policy asks for it
--   ProcessId, ProcessCommandLine, ProcessCreationTime, ProcessUniqueId, AccountName, AccountSid
--   InitiatingProcessAccountName, InitiatingProcessAccountSid, InitiatingProcessFolderPath, InitiatingProcessFileName,
--   InitiatingProcessId, InitiatingProcessCommandLine, InitiatingProcessCreationTime, InitiatingProcessParentId,
--   InitiatingProcessParentFileName, InitiatingProcessParentCreationTime, InitiatingProcessUniqueId
SELECT
    time AS Timestamp, host AS DeviceId, host AS DeviceName, CAST(md5_number_lower(event_id) >> 1 AS BIGINT) AS ReportId,
    facts AS AdditionalFields, 'ProcessCreated' AS ActionType,
    split_part(exe, '/', -1) AS FileName, exe AS FolderPath, exe_sha256 AS SHA256, pid AS ProcessId,
    cmdline AS ProcessCommandLine, process_created AS ProcessCreationTime, process_key AS ProcessUniqueId,
    "user" AS AccountName, uid AS AccountSid,
    initiator_user AS InitiatingProcessAccountName, initiator_uid AS InitiatingProcessAccountSid,
    initiator_exe AS InitiatingProcessFolderPath, split_part(initiator_exe, '/', -1) AS InitiatingProcessFileName,
    initiator_pid AS InitiatingProcessId, initiator_cmdline AS InitiatingProcessCommandLine,
    initiator_created AS InitiatingProcessCreationTime, initiator_parent_pid AS InitiatingProcessParentId,
    split_part(initiator_parent_exe, '/', -1) AS InitiatingProcessParentFileName,
    initiator_parent_created AS InitiatingProcessParentCreationTime, initiator_key AS InitiatingProcessUniqueId
FROM activity_with_descent
WHERE operation = 'exec' AND outcome = 'success'
