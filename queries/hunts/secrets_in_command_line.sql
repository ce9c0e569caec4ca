-- title: Secret in a command line
-- answers: Which command lines carry a key or a password, where every user of the host can read them?
-- severity: medium
-- tactics: credential-access
-- attack: T1552
-- atlas: AML.T0055, AML.T0057
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Test keys in fixtures; examples out of documentation.
-- parameters:
--   secrets: regex = (\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}|\bglpat-[A-Za-z0-9_-]{20}|\bsk-(ant-|proj-)?[A-Za-z0-9_-]{20,}|\bxox[abpr]-[A-Za-z0-9-]{10,}|\bnpm_[A-Za-z0-9]{36}|\bAIza[0-9A-Za-z_-]{35}|\bhf_[A-Za-z]{30,}|(?i:authorization:\s*(bearer|basic|token) +[A-Za-z0-9._~+/-]{16,})|://[^/@:\s]+:[^/@\s]{4,}@|\b(?i:sshpass -p) ?\S|-----BEGIN [A-Z ]*PRIVATE KEY): what a secret looks like
-- columns:
--   kind: the first characters of what was found; the secret itself is not repeated
--   program: the program
SELECT
    time, host, agent_run, agent, process_key, pid, exe,
    left(regexp_extract(cmdline, $secrets), 6) || '…' AS kind, program, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $secrets)
