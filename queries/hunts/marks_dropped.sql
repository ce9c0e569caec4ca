-- title: Marks dropped on the way
-- answers: Which programs of an agent lost the marks that their parent still had, so that the agent's own records do not explain them?
-- severity: low
-- tactics: defense-evasion
-- attack: T1036, T1562.006
-- atlas: none
-- owasp: ASI10
-- lookback: 10m
-- scheduled: yes
-- false positives: sudo, su, cron and build systems that clear the environment of what they start.
-- parameters:
--   cleaners: texts = sudo,su,cron,systemd-run,bwrap,docker,podman: programs that clear the environment by their nature
-- columns:
--   parent_marks: marks of the parent
--   parent_cmdline: command line of the parent
--   cmdline: command line of the program
WITH marked AS (
    SELECT agent_run, process_key, program, time, time_ns, marks, cmdline, parent_key, row_id FROM commands WHERE marks IS NOT NULL
)
SELECT
    c.time, c.host, c.agent_run, c.agent, c.process_key, c.pid, c.exe,
    p.marks AS parent_marks, p.cmdline AS parent_cmdline, c.cmdline, [p.row_id, c.row_id] AS evidence
FROM commands AS c
-- The program before this one in the same process counts too: env -i replaces itself.
JOIN marked AS p ON p.agent_run = c.agent_run AND (p.process_key = c.parent_key OR p.process_key = c.process_key) AND p.time_ns < c.time_ns
WHERE c.marks IS NULL AND NOT list_contains($cleaners, p.program)
QUALIFY row_number() OVER (PARTITION BY c.process_key, c.time_ns ORDER BY p.time_ns DESC) = 1
