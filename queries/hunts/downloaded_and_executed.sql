-- title: Downloaded and executed
-- answers: Which files did an agent fetch with a downloader and then run?
-- severity: high
-- tactics: command-and-control, execution
-- attack: T1105, T1204.002
-- atlas: AML.T0053, AML.T0050
-- owasp: ASI05
-- lookback: 15m
-- scheduled: yes
-- false positives: Installers that a project's instructions tell to fetch and run.
-- parameters:
--   downloaders: texts = @downloaders: programs that fetch
--   window: duration = 10m: how long after the download a start still counts
-- columns:
--   program_file: the program or script
--   downloaded_at: when it was written
--   downloader: command line of what fetched it
--   cmdline: command line of what ran it
WITH fetched AS (
    SELECT agent_run, time, time_ns, path, dev, ino, cmdline, row_id
    FROM changes
    WHERE operation IN ('file.create', 'file.write') AND list_contains($downloaders, program) AND NOT starts_with(path, '/dev/')
),
runs_of_interest AS (SELECT DISTINCT agent_run FROM fetched),
-- A script is run by its interpreter, which reads it: an exec of the file, or a read by a shell.
used AS (
    SELECT c.*, coalesce(script, path) AS file FROM commands AS c SEMI JOIN runs_of_interest USING (agent_run)
    UNION ALL BY NAME
    SELECT r.*, path AS file FROM reads AS r SEMI JOIN runs_of_interest USING (agent_run)
    WHERE regexp_full_match(program, '(ba|da|z|k|fi)?sh|python[0-9.]*|perl|ruby|node|php')
        AND contains(cmdline, regexp_extract(path, '[^/]*$'))
),
pairs AS (
    SELECT u.*, f.time AS downloaded_at, f.cmdline AS downloader, f.row_id AS first_row
    FROM used AS u
    JOIN fetched AS f ON f.agent_run = u.agent_run AND f.path = u.file
    UNION ALL BY NAME
    -- It may have been given another name meanwhile: the inode stays.
    SELECT u.*, f.time AS downloaded_at, f.cmdline AS downloader, f.row_id AS first_row
    FROM used AS u
    JOIN fetched AS f ON f.agent_run = u.agent_run AND f.dev = u.dev AND f.ino = u.ino
)
SELECT *, file AS program_file, [first_row, row_id] AS evidence
FROM pairs
WHERE downloaded_at <= time AND downloaded_at > time - $window
QUALIFY row_number() OVER (PARTITION BY process_key, file ORDER BY time, downloaded_at DESC) = 1
