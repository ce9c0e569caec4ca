-- title: Values of filters
-- answers: Which agents, hosts and users are there to choose from?
-- columns:
--   kind VARCHAR: agents, hosts or users
--   names VARCHAR[]: at most 500 of them, in order
WITH who AS MATERIALIZED (SELECT DISTINCT agent, host, "user" FROM run_log)
SELECT 'agents' AS kind, list(DISTINCT agent ORDER BY agent)[1:500] AS names FROM who WHERE agent IS NOT NULL
UNION ALL
SELECT 'hosts', list(DISTINCT host ORDER BY host)[1:500] FROM who WHERE host IS NOT NULL
UNION ALL
SELECT 'users', list(DISTINCT "user" ORDER BY "user")[1:500] FROM who WHERE "user" IS NOT NULL
