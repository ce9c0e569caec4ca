-- title: DeviceEvents (Defender)
-- answers: Which secrets did agents read, what did policy say no to, and what else happened that has no table of its own?
-- schema: defender.DeviceEvents
-- source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-deviceevents-table
-- columns:
--   Timestamp, DeviceId, DeviceName, ReportId, AdditionalFields
--   ActionType: Lictor's own values: SensitiveFileRead (a secret was read), AgentPolicyBlocked, AgentPolicyBlockFailed, AgentPolicyAsked, AgentPolicyAudited (recorded only), FilePermissionsChanged, DirectoryCreated, IoUringSetup, ProcessTerminated
--   FileName: name of the file acted on, without its folder
--   FolderPath: file acted on, whole path
--   SHA256, RemoteIP, RemotePort, RemoteUrl, LocalIP, LocalPort
--   ProcessId: of a program's start or end: pid
--   ProcessCommandLine: of a program's start or end: command line
--   ProcessCreationTime: of a program's start or end: when the process was forked
--   AccountName: of a program's start or end: its user
--   AccountSid: number of that user, as text
--   InitiatingProcessAccountName, InitiatingProcessAccountSid, InitiatingProcessFolderPath, InitiatingProcessFileName,
--   InitiatingProcessId, InitiatingProcessCommandLine, InitiatingProcessCreationTime, InitiatingProcessParentId,
--   InitiatingProcessParentFileName, InitiatingProcessParentCreationTime, InitiatingProcessUniqueId
WITH told AS (
    SELECT
        *,
        CASE
            WHEN sensitive_because IS NOT NULL AND outcome = 'success'
                AND (operation = 'file.read' OR (class = 'file' AND contains(coalesce(intent, ''), 'read'))) THEN 'SensitiveFileRead'
            WHEN effect = 'failed' THEN 'AgentPolicyBlockFailed'
            WHEN effect IN ('stopped', 'unverified') THEN 'AgentPolicyBlocked'
            WHEN effect = 'observed' THEN 'AgentPolicyAudited'
            WHEN verdict = 'ask' THEN 'AgentPolicyAsked'
            WHEN verdict = 'audit' THEN 'AgentPolicyAudited'
            WHEN outcome <> 'success' THEN NULL
            WHEN operation = 'file.chmod' THEN 'FilePermissionsChanged'
            WHEN operation = 'file.mkdir' THEN 'DirectoryCreated'
            WHEN operation = 'kernel.io_uring' THEN 'IoUringSetup'
            WHEN operation = 'exit' THEN 'ProcessTerminated'
        END AS ActionType,
        class = 'process' AS of_process,
        CASE WHEN operation = 'exec' THEN coalesce(path, exe) WHEN class = 'process' THEN exe ELSE coalesce(path_to, path) END AS object
    FROM activity_with_descent
)
SELECT
    time AS Timestamp, host AS DeviceId, host AS DeviceName, CAST(md5_number_lower(event_id) >> 1 AS BIGINT) AS ReportId,
    facts AS AdditionalFields, ActionType,
    split_part(object, '/', -1) AS FileName, object AS FolderPath, coalesce(sha256, exe_sha256) AS SHA256,
    dst_ip AS RemoteIP, dst_port AS RemotePort, dst_name AS RemoteUrl, src_ip AS LocalIP, src_port AS LocalPort,
    CASE WHEN of_process THEN pid END AS ProcessId, CASE WHEN of_process THEN cmdline END AS ProcessCommandLine,
    CASE WHEN of_process THEN process_created END AS ProcessCreationTime,
    CASE WHEN of_process THEN "user" END AS AccountName, CASE WHEN of_process THEN uid END AS AccountSid,
    initiator_user AS InitiatingProcessAccountName, initiator_uid AS InitiatingProcessAccountSid,
    initiator_exe AS InitiatingProcessFolderPath, split_part(initiator_exe, '/', -1) AS InitiatingProcessFileName,
    initiator_pid AS InitiatingProcessId, initiator_cmdline AS InitiatingProcessCommandLine,
    initiator_created AS InitiatingProcessCreationTime, initiator_parent_pid AS InitiatingProcessParentId,
    split_part(initiator_parent_exe, '/', -1) AS InitiatingProcessParentFileName,
    initiator_parent_created AS InitiatingProcessParentCreationTime, initiator_key AS InitiatingProcessUniqueId
FROM told
WHERE ActionType IS NOT NULL
