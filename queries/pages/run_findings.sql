-- title: Findings about a run
-- answers: What was found about it, and when did that happen?
-- parameters:
--   run: text = : the run
-- columns:
--   time TIMESTAMPTZ: when it was found
--   happened TIMESTAMPTZ: when the first event happened that proves it; when it was found where no event is named
--   severity VARCHAR: severity
--   title VARCHAR: one line
--   rule VARCHAR: what found it
--   status VARCHAR: what people said of it last; new where nobody did
--   attack VARCHAR: techniques
--   id VARCHAR: finding id
WITH said AS (
    SELECT object AS id, arg_max(status, time) AS status
    FROM console
    WHERE act = 'triage' AND outcome = 'success' AND status IS NOT NULL
    GROUP BY object
)
SELECT
    f.time,
    coalesce(make_timestamp(try_cast(json_extract_string(f.evidence, '$[0].time_ns') AS BIGINT) // 1000) AT TIME ZONE 'UTC', f.time) AS happened,
    f.severity, f.title, f.rule, coalesce(s.status, 'new') AS status, f.attack, f.id
FROM (
    SELECT * FROM findings WHERE agent_run = $run
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY time) = 1
) AS f
LEFT JOIN said AS s ON s.id = f.id
ORDER BY happened, f.id
LIMIT 1000
