-- title: Command on another machine
-- answers: Which agents ran something on another host, in another container or in a cluster?
-- severity: medium
-- tactics: lateral-movement, execution
-- attack: T1021.004, T1609
-- atlas: AML.T0053
-- owasp: ASI02, ASI08
-- lookback: 5m
-- scheduled: yes
-- false positives: Deployments; containers of the project itself.
-- parameters:
--   remote: regex = ^(ssh (-[46AaCfGgKkMNnqsTtVvXxYy]+ |-[BbcDEeFIiJLlmOopQRSWw] ?\S+ )*[^-\s]\S* [^-\s]|mosh |pdsh |pssh |parallel-ssh |ansible |ansible-playbook |salt |kubectl .*\b(exec|run|debug)\b|docker .*\bexec\b|podman .*\bexec\b|aws ssm (start-session|send-command)|gcloud compute ssh|psexec|winrs |evil-winrm |wmic .*process call create): command lines that run something elsewhere
--   hosts: texts = github.com,git@github.com,gitlab.com,git@gitlab.com,bitbucket.org,git@bitbucket.org: hosts that only serve repositories
-- columns:
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $remote) AND NOT list_has_any(string_split(line, ' '), $hosts)
