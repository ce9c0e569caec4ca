-- title: AlertInfo (Defender)
-- answers: What did policies and hunts find?
-- schema: defender.AlertInfo
-- source: https://learn.microsoft.com/en-us/defender-xdr/advanced-hunting-alertinfo-table
-- columns:
--   Timestamp: when it was found
--   AlertId, Title, Severity, ServiceSource, DetectionSource, AttackTechniques
--   Category: SuspiciousActivity: findings name techniques, which belong to several tactics
SELECT
    time AS Timestamp, id AS AlertId, title AS Title, 'SuspiciousActivity' AS Category,
    CASE severity WHEN 'critical' THEN 'High' ELSE upper(severity[1]) || severity[2:] END AS Severity,
    'Lictor' AS ServiceSource,
    CASE WHEN rule LIKE 'lictor:%' THEN 'Lictor' WHEN policy IS NOT NULL THEN 'Lictor policy' ELSE 'Lictor hunt' END AS DetectionSource,
    to_json(string_split(attack, ',')) AS AttackTechniques
FROM findings
-- A finding that was written twice is one.
QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
