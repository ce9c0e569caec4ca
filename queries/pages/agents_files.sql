-- title: Settings of an agent
-- answers: Which files that decide what the agent may do were read or changed in its runs?
-- parameters:
--   agent: text = : product
--   host: text = : host name
--   user: text = : user
--   files: globs = **/.claude/settings.json: settings of agents and of their tool servers
-- columns:
--   path VARCHAR: the file
--   changed BIGINT: how often it was changed
--   read BIGINT: how often it was read
--   last TIMESTAMPTZ: last time
--   run VARCHAR: newest run that touched it
SELECT
    path, count(*) FILTER (operation <> 'file.read') AS changed, count(*) FILTER (operation = 'file.read') AS read, max(time) AS last,
    arg_max(agent_run, time) AS run
FROM (
    SELECT coalesce(path_to, path) AS path, operation, time, agent_run
    FROM activity
    WHERE time >= $since AND time < $until AND class = 'file' AND outcome = 'success' AND coalesce(agent, '') = $agent
        AND coalesce(host, '') = $host AND coalesce("user", '') = $user AND operation IN (
            'file.read', 'file.write', 'file.create', 'file.rename', 'file.link', 'file.symlink', 'file.truncate', 'file.delete', 'file.chmod'
        )
)
WHERE regexp_full_match(path, $files)
GROUP BY path
ORDER BY changed DESC, last DESC
LIMIT 200
