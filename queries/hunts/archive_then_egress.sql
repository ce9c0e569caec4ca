-- title: Packed, then sent
-- answers: Which runs packed, encoded or cut up files and connected to the outside soon after?
-- severity: medium
-- tactics: collection, exfiltration
-- attack: T1560.001, T1027, T1030, T1041
-- atlas: AML.T0086, AML.T0025
-- owasp: ASI02
-- lookback: 5m
-- scheduled: yes
-- false positives: Builds that pack a release and publish it.
-- parameters:
--   packers: regex = ^(tar .*(-[a-zA-Z]*c|--create|\bc[a-z]*f)|zip |7za? a |rar a |gzip |xz |zstd |bzip2 |base64 [^-]|base64 -w|split |xxd [^-]|xxd -p|openssl enc |gpg .*(-c|--symmetric|-e|--encrypt)|git bundle create|age -[rpe]): command lines that pack
--   unpacks: regex = ^(tar .*-[a-z]*[xt]|(gzip|xz|zstd|bzip2) .*-[a-z]*d|base64 .*(-d|--decode)): what undoes it instead
--   window: duration = 2m: how long after the packing a connection still counts
--   models: texts = @agent_programs: programs whose own connections are those to the model
-- columns:
--   packed_with: command line of what packed
--   packed_at: when
--   dst_ip: address
--   dst_port: port
--   cmdline: command line of what connected
WITH packed AS (SELECT * FROM commands WHERE regexp_matches(line, $packers) AND NOT regexp_matches(line, $unpacks)),
sent AS (
    SELECT * FROM outbound
    WHERE scope = 'external' AND NOT list_contains($models, program) AND dst_port NOT IN (53, 853)
        AND agent_run IN (SELECT agent_run FROM packed)
)
SELECT
    s.time, s.host, s.agent_run, s.agent, s.process_key, s.pid, s.exe,
    p.cmdline AS packed_with, p.time AS packed_at, s.dst_ip, s.dst_port, s.cmdline, [p.row_id, s.row_id] AS evidence
FROM sent AS s
JOIN packed AS p ON p.agent_run = s.agent_run AND p.time <= s.time AND p.time > s.time - $window
QUALIFY row_number() OVER (PARTITION BY s.process_key, s.dst_ip, s.dst_port ORDER BY s.time, p.time DESC) = 1
