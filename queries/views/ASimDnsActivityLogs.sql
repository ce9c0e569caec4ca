-- title: ASimDnsActivityLogs (Sentinel)
-- answers: Which names did agents ask for, and which name servers did they ask?
-- schema: asim.ASimDnsActivityLogs
-- source: https://learn.microsoft.com/en-us/azure/sentinel/normalization-schema-dns
-- columns:
--   TimeGenerated, EventStartTime, EventEndTime, EventCount, EventVendor, EventProduct, EventSchemaVersion, Type,
--   EventOriginalUid, EventOriginalType, EventResult, EventSeverity, EventOriginalSeverity, DvcHostname, DvcId, DvcIdType,
--   DvcAction, DvcOriginalAction, AdditionalFields
--   EventType: Query
--   EventSubType: request
--   Dvc, RuleName
--   DnsQuery: the name; NULL where only the connection to the name server (port 53) was seen, not what it carried
--   NetworkProtocol: TCP or UDP
--   NetworkProtocolVersion: IPv4 or IPv6
--   Src: this host: its address, else its name
--   SrcIpAddr: local address
--   SrcPortNumber: local port
--   SrcHostname: this host
--   SrcUserId: number of the user
--   SrcUserIdType: UID
--   SrcUsername: user
--   SrcUsernameType: Simple
--   SrcProcessName: program that asked, whole path
--   SrcProcessId: its pid, as text
--   SrcProcessGuid: its process_key, as text
--   Dst: the name server
--   DstIpAddr: the name server
--   DstPortNumber: its port
SELECT
    time AS TimeGenerated, time AS EventStartTime, time AS EventEndTime, 1 AS EventCount, 'Lictor' AS EventVendor,
    'Lictor' AS EventProduct, '1.0.0' AS EventSchemaVersion, 'ASimDnsActivityLogs' AS Type, CAST(event_id AS UUID) AS EventOriginalUid,
    operation AS EventOriginalType, CASE outcome WHEN 'success' THEN 'Success' ELSE 'Failure' END AS EventResult,
    CASE severity WHEN 'critical' THEN 'High' ELSE coalesce(upper(severity[1]) || severity[2:], 'Informational') END AS EventSeverity,
    severity AS EventOriginalSeverity, host AS DvcHostname, boot_id AS DvcId, 'Other' AS DvcIdType,
    CASE WHEN effect IN ('stopped', 'unverified') THEN 'Deny' WHEN verdict IS NOT NULL THEN 'Allow' END AS DvcAction,
    verdict AS DvcOriginalAction, facts AS AdditionalFields, 'Query' AS EventType, 'request' AS EventSubType,
    host AS Dvc, rule AS RuleName,
    CASE WHEN class = 'dns' THEN dst_name END AS DnsQuery, upper(protocol) AS NetworkProtocol,
    CASE WHEN contains(dst_ip, ':') THEN 'IPv6' WHEN dst_ip IS NOT NULL THEN 'IPv4' END AS NetworkProtocolVersion,
    coalesce(src_ip, host) AS Src, src_ip AS SrcIpAddr, src_port AS SrcPortNumber, host AS SrcHostname,
    uid AS SrcUserId, CASE WHEN uid IS NOT NULL THEN 'UID' END AS SrcUserIdType,
    "user" AS SrcUsername, CASE WHEN "user" IS NOT NULL THEN 'Simple' END AS SrcUsernameType,
    exe AS SrcProcessName, pid AS SrcProcessId, process_key AS SrcProcessGuid,
    dst_ip AS Dst, dst_ip AS DstIpAddr, dst_port AS DstPortNumber
FROM activity_in_context
WHERE class = 'dns' OR (operation IN ('net.connect', 'net.send') AND dst_port = 53)
