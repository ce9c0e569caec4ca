-- title: ASimNetworkSessionLogs (Sentinel)
-- answers: Which connections and datagrams went out of, into and within the host, and what came of them?
-- schema: asim.ASimNetworkSessionLogs
-- source: https://learn.microsoft.com/en-us/azure/sentinel/normalization-schema-network
-- columns:
--   TimeGenerated, EventStartTime, EventEndTime, EventCount, EventVendor, EventProduct, EventSchemaVersion, Type,
--   EventOriginalUid, EventOriginalType, EventResult, EventSeverity, EventOriginalSeverity, DvcHostname, DvcId, DvcIdType,
--   DvcAction, DvcOriginalAction, AdditionalFields
--   EventType: EndpointNetworkSession
--   EventResultDetails: of a failure: Timeout, Reset (refused by the peer), Routing issue or Unknown
--   EventOriginalResultDetails
--   Dvc, NetworkRuleName
--   NetworkDirection: Outbound, Inbound, or Local where the peer is the host itself
--   NetworkProtocol: TCP or UDP
--   NetworkProtocolVersion: IPv4 or IPv6
--   NetworkBytes: bytes moved, where the source says so
--   SrcIpAddr: who asked: of Inbound the peer
--   SrcPortNumber: its port
--   SrcBytes: bytes sent by the source, where it is this host and they are known
--   SrcHostname: this host, where it asked
--   SrcUserId: number of the user, where this host asked
--   SrcUserIdType: UID
--   SrcUsername: user, where this host asked
--   SrcUsernameType: Simple
--   SrcAppName: program that asked, where it is on this host
--   SrcAppId: its pid, as text
--   SrcAppType: Process
--   DstIpAddr: who was asked: of Inbound this host
--   DstPortNumber: its port
--   DstHostname: of Outbound the name that the peer was reached by; of Inbound this host
--   DstUserId: number of the user, where this host was asked
--   DstUserIdType: UID
--   DstUsername: user, where this host was asked
--   DstUsernameType: Simple
--   DstAppName: program that took the connection in, where it is on this host
--   DstAppId: its pid, as text
--   DstAppType: Process
WITH sessions AS (
    SELECT *, operation = 'net.accept' AS inbound
    FROM activity_in_context
    WHERE operation IN ('net.connect', 'net.send', 'net.accept') AND coalesce(protocol, '') <> 'unix'
)
SELECT
    time AS TimeGenerated, time AS EventStartTime, time AS EventEndTime, 1 AS EventCount, 'Lictor' AS EventVendor,
    'Lictor' AS EventProduct, '1.0.0' AS EventSchemaVersion, 'ASimNetworkSessionLogs' AS Type, CAST(event_id AS UUID) AS EventOriginalUid,
    operation AS EventOriginalType, CASE outcome WHEN 'success' THEN 'Success' ELSE 'Failure' END AS EventResult,
    CASE severity WHEN 'critical' THEN 'High' ELSE coalesce(upper(severity[1]) || severity[2:], 'Informational') END AS EventSeverity,
    severity AS EventOriginalSeverity, host AS DvcHostname, boot_id AS DvcId, 'Other' AS DvcIdType,
    CASE WHEN effect IN ('stopped', 'unverified') THEN 'Deny' WHEN verdict IS NOT NULL THEN 'Allow' END AS DvcAction,
    verdict AS DvcOriginalAction, facts AS AdditionalFields, 'EndpointNetworkSession' AS EventType,
    CASE
        WHEN outcome = 'success' THEN NULL
        WHEN errno = 110 THEN 'Timeout'
        WHEN errno IN (104, 111) THEN 'Reset'
        WHEN errno IN (100, 101, 112, 113) THEN 'Routing issue'
        ELSE 'Unknown'
    END AS EventResultDetails,
    nullif(errno, 0) AS EventOriginalResultDetails, host AS Dvc, rule AS NetworkRuleName,
    CASE WHEN dst_scope = 'loopback' THEN 'Local' WHEN inbound THEN 'Inbound' ELSE 'Outbound' END AS NetworkDirection,
    upper(protocol) AS NetworkProtocol,
    CASE WHEN contains(dst_ip, ':') THEN 'IPv6' WHEN dst_ip IS NOT NULL THEN 'IPv4' END AS NetworkProtocolVersion,
    bytes AS NetworkBytes, CASE WHEN NOT inbound THEN bytes END AS SrcBytes,
    CASE WHEN inbound THEN dst_ip ELSE src_ip END AS SrcIpAddr, CASE WHEN inbound THEN dst_port ELSE src_port END AS SrcPortNumber,
    CASE WHEN inbound THEN src_ip ELSE dst_ip END AS DstIpAddr, CASE WHEN inbound THEN src_port ELSE dst_port END AS DstPortNumber,
    CASE WHEN inbound THEN dst_name ELSE host END AS SrcHostname, CASE WHEN inbound THEN host ELSE dst_name END AS DstHostname,
    CASE WHEN NOT inbound THEN uid END AS SrcUserId, CASE WHEN NOT inbound AND uid IS NOT NULL THEN 'UID' END AS SrcUserIdType,
    CASE WHEN NOT inbound THEN "user" END AS SrcUsername, CASE WHEN NOT inbound AND "user" IS NOT NULL THEN 'Simple' END AS SrcUsernameType,
    CASE WHEN NOT inbound THEN exe END AS SrcAppName, CASE WHEN NOT inbound THEN pid END AS SrcAppId,
    CASE WHEN NOT inbound THEN 'Process' END AS SrcAppType,
    CASE WHEN inbound THEN uid END AS DstUserId, CASE WHEN inbound AND uid IS NOT NULL THEN 'UID' END AS DstUserIdType,
    CASE WHEN inbound THEN "user" END AS DstUsername, CASE WHEN inbound AND "user" IS NOT NULL THEN 'Simple' END AS DstUsernameType,
    CASE WHEN inbound THEN exe END AS DstAppName, CASE WHEN inbound THEN pid END AS DstAppId,
    CASE WHEN inbound THEN 'Process' END AS DstAppType
FROM sessions
