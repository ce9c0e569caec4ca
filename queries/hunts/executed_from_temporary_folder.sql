-- title: Run out of a temporary folder
-- answers: Which programs did an agent write into a folder for temporary files and then start there?
-- severity: medium
-- tactics: execution, defense-evasion
-- attack: T1204.002, T1059
-- atlas: AML.T0053
-- owasp: ASI05
-- lookback: 15m
-- scheduled: yes
-- false positives: Test runners and compilers (go run, cargo test, configure) that make a program there and start it.
-- parameters:
--   folders: globs = @temporary_folders: folders for temporary files
--   window: duration = 10m: how long after the writing a start still counts
--   builders: texts = go,cargo,rustc,cc,gcc,ld,collect2,clang,configure,make,cmake,ninja,pip,npm,node: programs that write programs by their nature
-- columns:
--   program_file: the program or script
--   written_at: when it was written
--   cmdline: command line of the program
WITH begun AS (
    SELECT agent_run, arg_min(cwd, time_ns) || '/' AS workspace
    FROM activity
    WHERE operation = 'exec' AND agent_run IS NOT NULL AND cwd IS NOT NULL AND time < $until
    GROUP BY agent_run
),
started AS (
    SELECT *, coalesce(script, path) AS program_file FROM commands WHERE regexp_full_match(coalesce(script, path), $folders)
)
SELECT
    s.time, s.host, s.agent_run, s.agent, s.process_key, s.pid, s.exe,
    s.program_file, w.time AS written_at, s.cmdline, [w.row_id, s.row_id] AS evidence
FROM started AS s
JOIN changes AS w
    ON w.agent_run = s.agent_run AND w.target = s.program_file AND w.time <= s.time AND w.time > s.time - $window
LEFT JOIN begun AS b ON b.agent_run = s.agent_run
WHERE NOT list_contains($builders, w.program)
    -- A workspace may lie there itself.
    AND NOT (starts_with(s.program_file, coalesce(b.workspace, '/tmp/')) AND regexp_full_match(coalesce(b.workspace, '/tmp/'), $folders)
        AND NOT list_contains(['/tmp/', '/var/tmp/', '/dev/shm/'], coalesce(b.workspace, '/tmp/')))
QUALIFY row_number() OVER (PARTITION BY s.process_key, s.time_ns ORDER BY w.time DESC) = 1
