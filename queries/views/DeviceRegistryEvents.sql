-- title: DeviceRegistryEvents (Defender)
-- answers: Which registry keys did agents touch? Empty where there is no registry.
-- schema: defender.DeviceRegistryEvents
-- source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-deviceregistryevents-table
-- columns:
--   Timestamp, DeviceId, DeviceName, ReportId
--   ActionType: the operation, as its collector names it
--   RegistryKey: the key acted on
--   PreviousRegistryKey: of a rename: the old key
--   InitiatingProcessAccountName, InitiatingProcessAccountSid, InitiatingProcessFolderPath, InitiatingProcessFileName,
--   InitiatingProcessId, InitiatingProcessCommandLine, InitiatingProcessCreationTime, InitiatingProcessParentId,
--   InitiatingProcessParentFileName, InitiatingProcessParentCreationTime, InitiatingProcessUniqueId
SELECT
    time AS Timestamp, host AS DeviceId, host AS DeviceName, CAST(md5_number_lower(event_id) >> 1 AS BIGINT) AS ReportId,
    operation AS ActionType, coalesce(path_to, path) AS RegistryKey, CASE WHEN path_to IS NOT NULL THEN path END AS PreviousRegistryKey,
    initiator_user AS InitiatingProcessAccountName, initiator_uid AS InitiatingProcessAccountSid,
    initiator_exe AS InitiatingProcessFolderPath, split_part(initiator_exe, '/', -1) AS InitiatingProcessFileName,
    initiator_pid AS InitiatingProcessId, initiator_cmdline AS InitiatingProcessCommandLine,
    initiator_created AS InitiatingProcessCreationTime, initiator_parent_pid AS InitiatingProcessParentId,
    split_part(initiator_parent_exe, '/', -1) AS InitiatingProcessParentFileName,
    initiator_parent_created AS InitiatingProcessParentCreationTime, initiator_key AS InitiatingProcessUniqueId
FROM activity_with_descent
WHERE class = 'registry' AND outcome = 'success'
