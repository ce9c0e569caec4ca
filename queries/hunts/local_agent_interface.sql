-- title: Another agent's interface on loopback used
-- answers: Which programs of agents spoke to a local interface of an agent, a model or a browser, where often nobody asks who calls?
-- severity: medium
-- tactics: lateral-movement, execution
-- attack: T1559
-- atlas: AML.T0108, AML.T0096
-- owasp: ASI07
-- lookback: 5m
-- scheduled: yes
-- false positives: Tests of a web page by the browser's own driver; a project that uses a local model.
-- parameters:
--   interfaces: texts = 18789:openclaw gateway,6274:mcp inspector,6277:mcp inspector proxy,9222:browser debugging,9229:node debugging,11434:ollama,1234:lm studio,4096:opencode,8188:comfyui: port and, behind a colon, what listens there
--   clients: texts = openclaw,ollama,opencode: programs that may speak to them
-- columns:
--   interface: what listens there by custom
--   dst_port: port
--   cmdline: command line of the program
--   outcome: how the call ended
WITH known AS (SELECT split_part(i, ':', 1) AS port, split_part(i, ':', 2) AS interface FROM (SELECT unnest($interfaces) AS i))
SELECT
    o.time, o.host, o.agent_run, o.agent, o.process_key, o.pid, o.exe, k.interface, o.dst_port, o.cmdline, o.outcome,
    [o.row_id] AS evidence
FROM outbound AS o
JOIN known AS k ON k.port = CAST(o.dst_port AS VARCHAR)
WHERE o.scope = 'loopback' AND o.protocol = 'tcp' AND NOT list_contains($clients, o.program)
