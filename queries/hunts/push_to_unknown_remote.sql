-- title: Push to an unknown remote
-- answers: Which agents pushed a repository, or added a remote, outside of the list of allowed ones?
-- severity: high
-- tactics: exfiltration
-- attack: T1567.001
-- atlas: AML.T0086
-- owasp: ASI02
-- lookback: 5m
-- scheduled: yes
-- false positives: Forks of a project under a person's own account.
-- parameters:
--   remotes: texts = origin,upstream: names of remotes that may be pushed to
--   allowed: regex = ^(ssh://|https?://)?([^@/]*@)?(github|gitlab|bitbucket)\.example\.com[:/]: addresses that may be pushed to; by default a placeholder that no address fits
-- columns:
--   remote: name or address of the remote
--   cmdline: command line of the program
WITH pushes AS (
    -- git push -u --force NAME BRANCH: the first word that is no option; -o and its like take a value.
    SELECT *, regexp_extract(line, '^git (?:-[cC] ?\S+ |--\S+ )*push((?: -o \S+| --(?:push-option|repo|exec|receive-pack) \S+| -\S+)*)(?: ([^-\s]\S*))?', 2) AS remote
    FROM commands
    WHERE program = 'git' AND regexp_matches(line, '^git (?:-[cC] ?\S+ |--\S+ )*push\b')
    UNION ALL
    SELECT *, regexp_extract(line, 'remote (?:add|set-url)(?: -\S+)* (?:\S+) (\S+)', 1) AS remote
    FROM commands
    WHERE program = 'git' AND regexp_matches(line, '^git (?:-[cC] ?\S+ |--\S+ )*remote (add|set-url)\b')
)
SELECT *, [row_id] AS evidence
FROM pushes
WHERE remote <> '' AND NOT list_contains($remotes, remote) AND NOT regexp_matches(remote, $allowed)
