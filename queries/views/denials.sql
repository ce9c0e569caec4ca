-- title: Denials
-- answers: What did the policy say no to, was it stopped, and is that proven?
-- columns:
--   time TIMESTAMPTZ: when it happened
--   time_ns BIGINT: the exact order within a host
--   host VARCHAR: host name
--   agent_run VARCHAR: the run
--   agent VARCHAR: agent
--   operation VARCHAR: what was tried
--   object VARCHAR: path, address or name it was tried on
--   exe VARCHAR: the program that tried
--   pid INTEGER: its process id
--   process_key BIGINT: identity of the process
--   verdict VARCHAR: deny, or what is stronger
--   rule VARCHAR: the rule that decided; default:<selector> where a default did
--   policy VARCHAR: name of the policy
--   severity VARCHAR: severity of the rule
--   effect VARCHAR: stopped, failed, unverified, or observed where nothing was done (audit mode)
--   action VARCHAR: what was done
--   enforced_at VARCHAR: kernel, fanotify, userspace or none
--   outcome VARCHAR: how the call itself ended
--   errno INTEGER: error number of the failed call
SELECT
    time, time_ns, host, agent_run, agent, operation,
    coalesce(path, dst_name, dst_ip || coalesce(':' || dst_port, '')) AS object,
    exe, pid, process_key, verdict, rule, policy, severity,
    effect,
    action, enforced_at, outcome, errno
FROM activity_in_context
WHERE denied
