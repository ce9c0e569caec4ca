-- title: Agent started without approvals
-- answers: Which agents were started so that nobody is asked?
-- severity: high
-- tactics: defense-evasion
-- attack: T1562.001
-- atlas: AML.T0081
-- owasp: ASI09
-- lookback: 5m
-- scheduled: yes
-- false positives: Agents in throw-away containers and in CI, where that is the intended use.
-- parameters:
--   agents: texts = @agent_programs: programs that are agents
--   flags: regex = (--dangerously-skip-permissions|--allow-dangerously-skip-permissions|--permission-mode[ =](bypassPermissions|dontAsk|auto)|--dangerously-bypass-approvals-and-sandbox|--full-auto|--ask-for-approval[ =]never|-a never\b|approval_policy=\S*never|--yolo\b|--approval-mode[ =](yolo|full-auto)|--allow-all-tools|--allow-all-paths|--allow-all\b|--yes-always|--auto-approve|--no-confirm|--force\b.*-p|--skip-permissions-unsafe): arguments that switch approvals off
-- columns:
--   flag: the argument
--   cmdline: command line of the program
SELECT *, regexp_extract(cmdline, $flags) AS flag, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $flags)
    AND list_contains($agents, regexp_extract(split_part(line, ' ', 1), '^(.*?)(\.m?js)?$', 1))
