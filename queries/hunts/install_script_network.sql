-- title: Install script that talks to the network
-- answers: Which packages ran a script of their own at installation that connected somewhere?
-- severity: high
-- tactics: initial-access, execution
-- attack: T1195.002, T1059
-- atlas: AML.T0010.005, AML.T0011.001
-- owasp: ASI04
-- lookback: 30m
-- scheduled: yes
-- false positives: Packages that fetch a prebuilt binary at installation (esbuild, puppeteer, playwright); allow their mirrors by known.
-- parameters:
--   installs: regex = ^(npm|pnpm|yarn|bun|npx|pip[0-9.]*|uv|uvx|pipx|poetry|gem|bundle|cargo|composer|go|apt|apt-get|brew|-m pip)\b( -\S+)* (install|i|ci|add|exec|dlx|sync|get|run|update|upgrade|x|tool|pip|build)?\b: command lines that install
--   managers: regex = ^(npm|pnpm|yarn|bun|npx|pip[0-9.]*|uv|uvx|pipx|poetry|gem|bundle|cargo|composer|go|apt|apt-get|brew|git|-m pip)\b: programs whose own connections are those to the registry
--   known: globs = : addresses that scripts may connect to
-- columns:
--   install: command line of the installation
--   dst_ip: address
--   dst_port: port
--   dst_name: its name, where it is known
--   cmdline: command line of the script
WITH RECURSIVE roots AS (
    SELECT agent_run, process_key, time, time_ns, cmdline, row_id FROM commands WHERE regexp_matches(line, $installs)
    QUALIFY row_number() OVER (PARTITION BY process_key ORDER BY time_ns) = 1
),
forks AS (SELECT agent_run, process_key, child_key FROM events WHERE operation = 'fork' AND agent_run IN (SELECT agent_run FROM roots)),
below AS (
    SELECT agent_run, process_key AS root_key, process_key, 0 AS depth FROM roots
    UNION
    SELECT f.agent_run, b.root_key, f.child_key, b.depth + 1
    FROM below AS b
    JOIN forks AS f ON f.agent_run = b.agent_run AND f.process_key = b.process_key
    WHERE b.depth < 32
)
SELECT
    o.time, o.host, o.agent_run, o.agent, o.process_key, o.pid, o.exe,
    r.cmdline AS install, o.dst_ip, o.dst_port, o.dst_name, o.cmdline, [r.row_id, o.row_id] AS evidence
FROM outbound AS o
JOIN below AS b ON b.agent_run = o.agent_run AND b.process_key = o.process_key AND b.depth > 0
JOIN roots AS r ON r.agent_run = b.agent_run AND r.process_key = b.root_key
WHERE o.scope NOT IN ('loopback', 'multicast') AND NOT regexp_full_match(o.dst_ip, $known)
    AND NOT regexp_matches(o.line, $managers)
QUALIFY row_number() OVER (PARTITION BY o.process_key, o.dst_ip, o.dst_port ORDER BY o.time, b.depth) = 1
