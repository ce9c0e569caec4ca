-- title: Search for credentials
-- answers: Which agents combed files for keys and passwords?
-- severity: medium
-- tactics: credential-access, discovery
-- attack: T1552.001, T1083
-- atlas: AML.T0055, AML.T0037
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Work on code that handles passwords; secret scanners that are part of a build.
-- parameters:
--   content: regex = ^(grep|egrep|rg|ag|ack|git grep)\b.*(?i:password|passwd|secret|api[_-]?key|token|credential|BEGIN[ \\]+(RSA|OPENSSH|EC)?|AKIA): command lines that look into files
--   names: regex = ^(find|fd|fdfind|locate)\b.*(id_rsa|id_ed25519|\.pem\b|\.kdbx|credentials|\.env\b|\.netrc|wallet\.dat|\.aws|\.ssh\b): command lines that look for files
--   scanners: regex = ^(trufflehog|gitleaks|noseyparker|detect-secrets|truffle)\b: programs made for it
-- columns:
--   cmdline: command line of the program
--   cwd: where it began
SELECT *, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $content) OR regexp_matches(line, $names) OR regexp_matches(line, $scanners)
