-- title: Values of filters
-- answers: Which agents, hosts and users are there to choose from?
-- columns:
--   kind VARCHAR: agents, hosts or users
--   names VARCHAR[]: at most 500 of them, in order
SELECT 'agents' AS kind, list(DISTINCT agent ORDER BY agent)[1:500] AS names FROM run_log WHERE agent IS NOT NULL
UNION ALL
SELECT 'hosts', list(DISTINCT host ORDER BY host)[1:500] FROM run_log WHERE host IS NOT NULL
UNION ALL
SELECT 'users', list(DISTINCT "user" ORDER BY "user")[1:500] FROM run_log WHERE "user" IS NOT NULL
