-- title: Agent starts an agent
-- answers: Which runs started another agent, or a second copy of themselves, underneath?
-- severity: medium
-- tactics: execution
-- attack: T1059
-- atlas: AML.T0103
-- owasp: ASI08
-- lookback: 1h
-- scheduled: yes
-- false positives: Agents with sub-agents as processes; a launcher that starts the real program (only a start below another program of its own counts).
-- parameters:
--   agents: texts = @agent_programs: programs that are agents
--   harmless: regex = (--version|--help| -v$| -h$|\b(mcp-server|mcp serve|app-server|completion|doctor|update)\b): starts that are no session
-- columns:
--   cmdline: command line of the agent
--   parent_exe: program of the parent
--   depth: 1 is the first agent in the run
WITH starts AS (
    SELECT *, regexp_extract(split_part(line, ' ', 1), '^(.*?)(\.m?js)?$', 1) AS named
    FROM commands
),
found AS (
    SELECT * FROM starts
    WHERE list_contains($agents, named) AND NOT regexp_matches(line, $harmless)
    -- A wrapper that replaces itself with the real program is one agent.
    QUALIFY row_number() OVER (PARTITION BY agent_run, process_key ORDER BY time_ns) = 1
),
roots AS (
    SELECT agent_run, arg_min(process_key, time_ns) AS root_key, min(time_ns) AS first_ns, arg_min(row_id, time_ns) AS root_row
    FROM commands
    WHERE agent_run IN (SELECT agent_run FROM found)
    GROUP BY agent_run
)
SELECT
    f.time, f.host, f.agent_run, f.agent, f.process_key, f.pid, f.exe, f.cmdline, f.parent_exe,
    1 + row_number() OVER (PARTITION BY f.agent_run ORDER BY f.time_ns) AS depth, [r.root_row, f.row_id] AS evidence
FROM found AS f
JOIN roots AS r USING (agent_run)
-- npm's launcher (node …/codex.js) starts the real program as its child: the same name below the root is no second agent.
WHERE f.process_key <> r.root_key
    AND NOT (f.parent_key = r.root_key AND f.agent IS NOT DISTINCT FROM f.named AND f.time_ns - r.first_ns < 2_000_000_000)
