-- title: Encoded text decoded into an interpreter
-- answers: Which agents unwrapped a program from base64 or hexadecimal and ran it?
-- severity: high
-- tactics: defense-evasion, execution
-- attack: T1027, T1140
-- atlas: AML.T0050, AML.T0068
-- owasp: ASI05
-- lookback: 5m
-- scheduled: yes
-- false positives: Deployment scripts that carry a script in base64.
-- parameters:
--   decoders: regex = ^(base64 .*(-[a-z]*[dD]\b|--decode)|base32 .*(-d\b|--decode)|xxd .*-[a-z]*r|openssl (enc|base64) .*-d\b|uudecode\b|gunzip\b|zcat\b|rev\b): command lines that decode
--   interpreters: regex = ^(bash|sh|dash|zsh|ksh|python[0-9.]*|perl|ruby|node|php)( -s?)?( --? .*)?$: command lines of interpreters that read their program from standard input
--   inside: regex = (\beval\b.*\$\(.*(base64|xxd|b64decode).*\)|exec\(.*b64decode|eval\(.*(atob|Buffer\.from\(.*base64)|powershell.* -e(nc|ncodedcommand)? [A-Za-z0-9+/=]{20,}): command lines that do both
--   window: duration = 5s: how far apart the two may start
-- columns:
--   decoder: command line of what decoded
--   cmdline: command line of the interpreter
WITH shells AS (
    SELECT * FROM commands
    WHERE script IS NULL AND regexp_matches(regexp_replace(cmdline, '^[^ ]*/', ''), $interpreters)
),
ends AS (SELECT agent_run, process_key, min(time) AS time FROM events WHERE operation = 'exit' GROUP BY agent_run, process_key),
decoding AS (SELECT * FROM commands WHERE regexp_matches(line, $decoders))
SELECT
    greatest(s.time, d.time) AS time, s.host, s.agent_run, s.agent, s.process_key, s.pid, s.exe,
    d.cmdline AS decoder, s.cmdline,
    CASE WHEN d.time_ns <= s.time_ns THEN [d.row_id, s.row_id] ELSE [s.row_id, d.row_id] END AS evidence
FROM shells AS s
JOIN decoding AS d ON d.agent_run = s.agent_run AND d.parent_key = s.parent_key AND d.process_key <> s.process_key
LEFT JOIN ends AS x ON x.agent_run = d.agent_run AND x.process_key = d.process_key
LEFT JOIN ends AS y ON y.agent_run = s.agent_run AND y.process_key = s.process_key
WHERE s.time BETWEEN d.time - $window AND d.time + $window
    AND s.time < coalesce(x.time, s.time + $window) AND d.time < coalesce(y.time, d.time + $window)
QUALIFY row_number() OVER (PARTITION BY s.process_key, s.time_ns ORDER BY abs(s.time_ns - d.time_ns)) = 1
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS decoder, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $inside)
