-- title: Other user's rights asked for
-- answers: Which agents called sudo and its kin?
-- severity: medium
-- tactics: privilege-escalation
-- attack: T1548.003
-- atlas: AML.T0105
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: Installation of packages that a person asked for.
-- parameters:
--   tools: texts = sudo,su,doas,pkexec,run0,runuser,sudoedit,gosu,setpriv: programs that lend rights
-- columns:
--   cmdline: command line of the program
--   outcome: how the start ended
SELECT *, [row_id] AS evidence
FROM events
WHERE operation = 'exec' AND list_contains($tools, regexp_extract(path, '[^/]*$'))
    -- A shell that looks through PATH fails at each folder that lacks the program; that is no attempt.
    AND (outcome = 'success' OR errno <> 2)
