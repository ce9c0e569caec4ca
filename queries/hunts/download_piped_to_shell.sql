-- title: Download piped into a shell
-- answers: Which agents ran text from the network without it ever being a file?
-- severity: high
-- tactics: execution, command-and-control
-- attack: T1059.004, T1105
-- atlas: AML.T0050
-- owasp: ASI05
-- lookback: 5m
-- scheduled: yes
-- false positives: Installers whose instructions are exactly that (rustup, nvm, homebrew).
-- parameters:
--   downloaders: texts = @downloaders: programs that fetch
--   interpreters: regex = ^(bash|sh|dash|zsh|ksh|python[0-9.]*|perl|ruby|node|php)( -s?)?( --? .*)?$: command lines of interpreters that read their program from standard input
--   window: duration = 5s: how far apart the two may start
-- columns:
--   downloader: command line of what fetched
--   cmdline: command line of the interpreter
WITH shells AS (
    SELECT * FROM commands
    WHERE script IS NULL AND regexp_matches(regexp_replace(cmdline, '^[^ ]*/', ''), $interpreters)
),
ends AS (SELECT agent_run, process_key, min(time) AS time FROM events WHERE operation = 'exit' GROUP BY agent_run, process_key),
fetchers AS (SELECT * FROM commands WHERE list_contains($downloaders, program))
-- Both ends of a pipe are children of one shell, and live at the same time.
SELECT
    greatest(s.time, f.time) AS time, s.host, s.agent_run, s.agent, s.process_key, s.pid, s.exe,
    f.cmdline AS downloader, s.cmdline,
    CASE WHEN f.time_ns <= s.time_ns THEN [f.row_id, s.row_id] ELSE [s.row_id, f.row_id] END AS evidence
FROM shells AS s
JOIN fetchers AS f ON f.agent_run = s.agent_run AND f.parent_key = s.parent_key AND f.process_key <> s.process_key
LEFT JOIN ends AS x ON x.agent_run = f.agent_run AND x.process_key = f.process_key
LEFT JOIN ends AS y ON y.agent_run = s.agent_run AND y.process_key = s.process_key
WHERE s.time BETWEEN f.time - $window AND f.time + $window
    AND s.time < coalesce(x.time, s.time + $window) AND f.time < coalesce(y.time, f.time + $window)
QUALIFY row_number() OVER (PARTITION BY s.process_key, s.time_ns ORDER BY abs(s.time_ns - f.time_ns)) = 1
