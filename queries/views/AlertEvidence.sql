-- title: AlertEvidence (Defender)
-- answers: Which hosts, users, processes, files and addresses does a finding rest on?
-- schema: defender.AlertEvidence
-- source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-alertevidence-table
-- columns:
--   Timestamp: when it was found
--   AlertId, Title, ServiceSource, DetectionSource, AttackTechniques, Severity, DeviceId, DeviceName
--   Categories: JSON list: SuspiciousActivity
--   EntityType: Machine (one for each finding), Process, File or Ip (of each event that proves it)
--   EvidenceRole: Impacted for the machine, Related for the rest
--   EvidenceDirection: of an address: Destination, or Source where the peer came in
--   FileName, FolderPath, SHA256, RemoteIP, RemoteUrl, LocalIP, AccountName, AccountSid
--   ProcessCommandLine: command line of the process
--   AdditionalFields: JSON: what the event has; of the machine the run, the rule and the policy
WITH found AS (
    SELECT * FROM findings QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
),
proofs AS (
    SELECT f.id, p.proof
    FROM found AS f, unnest(
        CASE WHEN json_valid(f.evidence) AND json_type(f.evidence) = 'ARRAY'
            THEN from_json(f.evidence, '[{"boot_id": "VARCHAR", "source": "VARCHAR", "cpu": "INTEGER", "class": "VARCHAR", "seq": "BIGINT"}]')
        END
    ) AS p (proof)
),
events AS (
    SELECT p.id, e.*
    FROM proofs AS p
    JOIN activity_in_context AS e
        ON e.boot_id = p.proof.boot_id AND e.class = p.proof.class AND e.seq = p.proof.seq
        AND e.cpu IS NOT DISTINCT FROM p.proof.cpu AND e.source IS NOT DISTINCT FROM p.proof.source
),
entities AS (
    SELECT
        id AS AlertId, 'Process' AS EntityType, 'Related' AS EvidenceRole, CAST(NULL AS VARCHAR) AS EvidenceDirection, host, facts,
        exe AS FolderPath, exe_sha256 AS SHA256, CAST(NULL AS VARCHAR) AS RemoteIP, CAST(NULL AS VARCHAR) AS RemoteUrl,
        CAST(NULL AS VARCHAR) AS LocalIP, "user" AS AccountName, uid AS AccountSid, cmdline AS ProcessCommandLine
    FROM events
    UNION ALL
    SELECT id, 'File', 'Related', NULL, host, facts, coalesce(path_to, path), sha256, NULL, NULL, NULL, "user", uid, NULL
    FROM events
    WHERE class = 'file'
    UNION ALL
    SELECT
        id, 'Ip', 'Related', CASE operation WHEN 'net.accept' THEN 'Source' ELSE 'Destination' END, host, facts,
        NULL, NULL, dst_ip, dst_name, src_ip, "user", uid, NULL
    FROM events
    WHERE dst_ip IS NOT NULL
    UNION ALL
    SELECT
        id, 'Machine', 'Impacted', NULL, host, json_merge_patch('{}', to_json({'Run': agent_run, 'Rule': rule, 'Policy': policy})),
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM found
)
SELECT
    a.Timestamp, a.AlertId, a.Title, to_json([a.Category]) AS Categories, a.AttackTechniques, a.ServiceSource, a.DetectionSource,
    a.Severity, e.EntityType, e.EvidenceRole, e.EvidenceDirection, split_part(e.FolderPath, '/', -1) AS FileName, e.FolderPath,
    e.SHA256, e.RemoteIP, e.RemoteUrl, e.LocalIP, e.AccountName, e.AccountSid, e.host AS DeviceId, e.host AS DeviceName,
    e.ProcessCommandLine, e.facts AS AdditionalFields
FROM entities AS e
JOIN AlertInfo AS a USING (AlertId)
