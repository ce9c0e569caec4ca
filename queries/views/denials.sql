-- title: Denials
-- answers: What did the policy say no to, was it stopped, and is that proven?
-- columns:
--   time: when it happened
--   time_ns: the exact order within a host
--   host: host name
--   agent_run: the run
--   agent: agent
--   operation: what was tried
--   object: path, address or name it was tried on
--   exe: the program that tried
--   pid: its process id
--   process_key: identity of the process
--   verdict: deny, or what is stronger
--   rule: the rule that decided; default:<selector> where a default did
--   policy: name of the policy
--   severity: severity of the rule
--   effect: stopped, failed, unverified, or observed where nothing was done (audit mode)
--   action: what was done
--   enforced_at: kernel, fanotify, userspace or none
--   outcome: how the call itself ended
--   errno: error number of the failed call
SELECT
    time, time_ns, host, agent_run, agent, operation,
    coalesce(path, dst_name, dst_ip || coalesce(':' || dst_port, '')) AS object,
    exe, pid, process_key, verdict, rule, policy, severity,
    CASE
        WHEN action IS NULL THEN 'observed'
        WHEN enforcement = 'confirmed' THEN 'stopped'
        WHEN enforcement = 'failed' THEN 'failed'
        ELSE 'unverified'
    END AS effect,
    action, enforced_at, outcome, errno
FROM activity
WHERE verdict IN ('deny', 'freeze', 'quarantine', 'isolate', 'kill')
