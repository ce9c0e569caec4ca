-- title: Collectors by host
-- answers: Which collectors report from which host, when did each last, and did they lose anything?
-- parameters:
--   hosts: texts = : only these hosts; empty is all
-- columns:
--   host VARCHAR: host name
--   source VARCHAR: collector; lake for rows lost on the way to disk, policy for what rules with a memory forgot
--   last TIMESTAMPTZ: end of the newest interval
--   first TIMESTAMPTZ: begin of the oldest interval in the time
--   boots BIGINT: boots of the host in the time
--   delivered BIGINT: events that became rows
--   lost BIGINT: events lost, as far as that is known
--   unknown BIGINT: intervals in which nobody knows how many
--   reasons VARCHAR: why events were lost; NULL where none were
SELECT
    host, source, max(until) AS last, min(since) AS first, count(DISTINCT boot_id) AS boots,
    CAST(coalesce(sum(delivered), 0) AS BIGINT) AS delivered, CAST(coalesce(sum(lost), 0) AS BIGINT) AS lost,
    count(*) FILTER (lost IS NULL AND coalesce(reason, 'none') <> 'none') AS unknown,
    string_agg(DISTINCT reason, ', ' ORDER BY reason) FILTER (coalesce(reason, 'none') <> 'none') AS reasons
FROM coverage
WHERE until >= $since AND since < $until AND (len($hosts) = 0 OR list_contains($hosts, host))
GROUP BY host, source
ORDER BY unknown DESC, lost DESC, last, host, source
LIMIT 1000
