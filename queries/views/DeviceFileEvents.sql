-- title: DeviceFileEvents (Defender)
-- answers: Which files did agents create, change, rename and delete?
-- schema: defender.DeviceFileEvents
-- source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-devicefileevents-table
-- columns:
--   Timestamp, DeviceId, DeviceName, ReportId, AdditionalFields
--   ActionType: FileCreated (also links), FileModified (opened for writing, or cut), FileRenamed or FileDeleted, as it happened; reads of secrets and what was refused are in DeviceEvents
--   FileName, SHA256
--   FolderPath: whole path, the name included; of a rename or link, the new one
--   PreviousFileName: old name of a rename, without folder
--   PreviousFolderPath: old path of a rename, the name included
--   SensitivityLabel: labels that the policy gives the file, separated by commas
--   InitiatingProcessAccountName, InitiatingProcessAccountSid, InitiatingProcessFolderPath, InitiatingProcessFileName,
--   InitiatingProcessId, InitiatingProcessCommandLine, InitiatingProcessCreationTime, InitiatingProcessParentId,
--   InitiatingProcessParentFileName, InitiatingProcessParentCreationTime, InitiatingProcessUniqueId
SELECT
    time AS Timestamp, host AS DeviceId, host AS DeviceName, CAST(md5_number_lower(event_id) >> 1 AS BIGINT) AS ReportId,
    facts AS AdditionalFields,
    CASE operation
        WHEN 'file.delete' THEN 'FileDeleted'
        WHEN 'file.rename' THEN 'FileRenamed'
        WHEN 'file.write' THEN 'FileModified'
        WHEN 'file.truncate' THEN 'FileModified'
        ELSE 'FileCreated'
    END AS ActionType,
    split_part(coalesce(path_to, path), '/', -1) AS FileName, coalesce(path_to, path) AS FolderPath, sha256 AS SHA256,
    CASE WHEN operation = 'file.rename' THEN split_part(path, '/', -1) END AS PreviousFileName,
    CASE WHEN operation = 'file.rename' THEN path END AS PreviousFolderPath,
    labels AS SensitivityLabel,
    initiator_user AS InitiatingProcessAccountName, initiator_uid AS InitiatingProcessAccountSid,
    initiator_exe AS InitiatingProcessFolderPath, split_part(initiator_exe, '/', -1) AS InitiatingProcessFileName,
    initiator_pid AS InitiatingProcessId, initiator_cmdline AS InitiatingProcessCommandLine,
    initiator_created AS InitiatingProcessCreationTime, initiator_parent_pid AS InitiatingProcessParentId,
    split_part(initiator_parent_exe, '/', -1) AS InitiatingProcessParentFileName,
    initiator_parent_created AS InitiatingProcessParentCreationTime, initiator_key AS InitiatingProcessUniqueId
FROM activity_with_descent
WHERE operation IN ('file.create', 'file.write', 'file.truncate', 'file.delete', 'file.rename', 'file.link', 'file.symlink')
    AND outcome = 'success'
    -- Not devices, pipes and sockets: what is written to /dev/null changes no file. Directories are deleted and renamed alike.
    AND (mode IS NULL OR mode & 61440 IN (0, 16384, 32768, 40960))
