-- title: DeviceNetworkEvents (Defender)
-- answers: Whom did agents connect or send to, who connected to them, and where do they listen?
-- schema: defender.DeviceNetworkEvents
-- source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-devicenetworkevents-table
-- columns:
--   Timestamp, DeviceId, DeviceName, ReportId, AdditionalFields, RemoteIP, RemotePort, RemoteUrl, LocalIP, LocalPort
--   ActionType: ConnectionSuccess (of a datagram: it was sent), ConnectionAttempt (asked for without waiting: errno EINPROGRESS), ConnectionFailed (also what was refused: see AdditionalFields), InboundConnectionAccepted or ListeningConnectionCreated
--   Protocol: Tcp, Udp, or the lake's own word
--   LocalIPType: Loopback, Private or Public
--   RemoteIPType: Loopback, Private or Public
--   InitiatingProcessAccountName, InitiatingProcessAccountSid, InitiatingProcessFolderPath, InitiatingProcessFileName,
--   InitiatingProcessId, InitiatingProcessCommandLine, InitiatingProcessCreationTime, InitiatingProcessParentId,
--   InitiatingProcessParentFileName, InitiatingProcessParentCreationTime, InitiatingProcessUniqueId
SELECT
    time AS Timestamp, host AS DeviceId, host AS DeviceName, CAST(md5_number_lower(event_id) >> 1 AS BIGINT) AS ReportId,
    facts AS AdditionalFields,
    CASE
        WHEN outcome <> 'success' THEN 'ConnectionFailed'
        WHEN operation = 'net.accept' THEN 'InboundConnectionAccepted'
        WHEN operation = 'net.listen' THEN 'ListeningConnectionCreated'
        WHEN errno = 115 THEN 'ConnectionAttempt'
        ELSE 'ConnectionSuccess'
    END AS ActionType,
    dst_ip AS RemoteIP, dst_port AS RemotePort, dst_name AS RemoteUrl, src_ip AS LocalIP, src_port AS LocalPort,
    CASE protocol WHEN 'tcp' THEN 'Tcp' WHEN 'udp' THEN 'Udp' ELSE protocol END AS Protocol,
    CASE src_scope WHEN 'loopback' THEN 'Loopback' WHEN 'private' THEN 'Private' WHEN 'external' THEN 'Public' END AS LocalIPType,
    CASE dst_scope WHEN 'loopback' THEN 'Loopback' WHEN 'private' THEN 'Private' WHEN 'external' THEN 'Public' END AS RemoteIPType,
    initiator_user AS InitiatingProcessAccountName, initiator_uid AS InitiatingProcessAccountSid,
    initiator_exe AS InitiatingProcessFolderPath, split_part(initiator_exe, '/', -1) AS InitiatingProcessFileName,
    initiator_pid AS InitiatingProcessId, initiator_cmdline AS InitiatingProcessCommandLine,
    initiator_created AS InitiatingProcessCreationTime, initiator_parent_pid AS InitiatingProcessParentId,
    split_part(initiator_parent_exe, '/', -1) AS InitiatingProcessParentFileName,
    initiator_parent_created AS InitiatingProcessParentCreationTime, initiator_key AS InitiatingProcessUniqueId
FROM activity_with_descent
-- Sockets of the host itself (unix) have no address; taking a local address (net.bind) is no connection yet.
WHERE operation IN ('net.connect', 'net.send', 'net.accept', 'net.listen') AND coalesce(protocol, '') <> 'unix'
