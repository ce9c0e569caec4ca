-- title: Credential file read
-- answers: Which programs of an agent opened a file that holds credentials, other than the tools whose own file it is?
-- severity: medium
-- tactics: credential-access
-- attack: T1552.001, T1552.004
-- atlas: AML.T0055
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Programs of a project that read their own .env file; an agent that was asked to look at such a file.
-- parameters:
--   credentials: globs = @credential_files: files that hold credentials
--   owners: texts = @credential_owners: programs that may read them
-- columns:
--   path: the credential file
--   cmdline: command line of the program
--   times: how often this process opened it
SELECT
    min(time) AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, process_key, any_value(pid) AS pid,
    exe, path, any_value(cmdline) AS cmdline, count(*) AS times, list(row_id ORDER BY time_ns) AS evidence
FROM reads
WHERE regexp_full_match(path, $credentials) AND NOT list_contains($owners, program)
GROUP BY agent_run, process_key, exe, path
