-- title: Git hook planted
-- answers: Which agents wrote a hook that runs at the next commit, merge or checkout of whoever works there?
-- severity: medium
-- tactics: persistence, execution
-- attack: T1546, T1554
-- atlas: AML.T0081
-- owasp: ASI05, ASI10
-- lookback: 5m
-- scheduled: yes
-- false positives: husky, pre-commit and lefthook install hooks when a project is set up.
-- parameters:
--   hooks: globs = **/.git/hooks/*,**/.git/modules/**/hooks/*,**/.husky/*,~/.config/git/hooks/*: where hooks lie
--   samples: globs = **/*.sample,**/.git/hooks/README*: what does not run
--   settings: regex = ^git (-\S+ )*config\b.*\b(core\.hooksPath|core\.fsmonitor|core\.sshCommand|core\.pager|core\.editor|init\.templateDir|alias\.\S+ ['"]*!|filter\.\S+\.(clean|smudge)): git settings that run programs
-- columns:
--   target: the hook, where a file was written
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, target, cmdline, [row_id] AS evidence
FROM changes
WHERE regexp_full_match(target, $hooks) AND NOT regexp_full_match(target, $samples)
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, NULL AS target, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $settings) AND NOT regexp_matches(line, '--(get|list|unset)')
