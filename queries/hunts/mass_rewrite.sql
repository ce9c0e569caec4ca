-- title: Many files rewritten
-- answers: Which processes of agents wrote over or renamed many existing files within a short time, as an encrypting program does?
-- severity: high
-- tactics: impact
-- attack: T1486, T1565.001
-- atlas: AML.T0101
-- owasp: ASI08
-- lookback: 5m
-- scheduled: yes
-- false positives: Formatters and code modifiers that touch every file of a project; git checkout.
-- parameters:
--   window: duration = 60s: within how long
--   many: int = 100: files from which on it counts
--   ignored: globs = @build_folders: what is made and thrown away all day
--   rewriters: texts = git,prettier,ruff,black,gofmt,rustfmt,clang-format,sed,dpkg,rsync,tar: programs that do so by their nature
-- columns:
--   files: files written over or renamed
--   renamed: those that were renamed
--   example: one of them
--   until_time: the last one in the span
--   cmdline: command line of the program
WITH written AS (
    SELECT * FROM changes
    WHERE operation IN ('file.write', 'file.rename', 'file.truncate')
        AND NOT regexp_full_match(path, $ignored) AND NOT list_contains($rewriters, program)
    -- A file that is written again and again is one file.
    QUALIFY row_number() OVER (PARTITION BY agent_run, process_key, path ORDER BY time_ns) = 1
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY agent_run, process_key ORDER BY time RANGE BETWEEN $window PRECEDING AND CURRENT ROW) AS so_far
    FROM written
),
marked AS (SELECT *, min(time) FILTER (so_far >= $many) OVER (PARTITION BY agent_run, process_key) AS reached FROM counted)
SELECT
    reached AS time, any_value(host) AS host, agent_run, any_value(agent) AS agent, process_key, any_value(pid) AS pid,
    any_value(exe) AS exe, count(*) AS files, count(*) FILTER (operation = 'file.rename') AS renamed,
    min(path) AS example,
    max(time) AS until_time, any_value(cmdline) AS cmdline, list(row_id ORDER BY time_ns) AS evidence
FROM marked
WHERE time >= reached - $window
GROUP BY agent_run, process_key, reached
