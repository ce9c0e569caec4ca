-- title: Drop site named
-- answers: Which commands of agents name a place where anybody can leave or catch data?
-- severity: high
-- tactics: exfiltration
-- attack: T1567.002, T1567.003, T1567.004
-- atlas: AML.T0086
-- owasp: ASI02
-- lookback: 5m
-- scheduled: yes
-- false positives: Work on an integration with such a service.
-- parameters:
--   sites: regex = (?i)\b(transfer\.sh|file\.io|0x0\.st|temp\.sh|bashupload\.com|termbin\.com|ix\.io|sprunge\.us|paste\.rs|dpaste\.(org|com)|pastebin\.com|hastebin\.com|ghostbin\.|gofile\.io|anonfiles\.|catbox\.moe|litterbox\.|oshi\.at|webhook\.site|requestbin\.|pipedream\.net|beeceptor\.com|hookbin\.com|interact\.sh|oast\.(fun|live|site|me|pro|online)|burpcollaborator\.net|canarytokens\.|ngrok(-free)?\.(io|app|dev)|trycloudflare\.com|discord(app)?\.com/api/webhooks|api\.telegram\.org/bot|hooks\.slack\.com/services): names of such places
-- columns:
--   site: the place
--   cmdline: command line of the program
SELECT time, host, agent_run, agent, process_key, pid, exe, regexp_extract(cmdline, $sites) AS site, cmdline, [row_id] AS evidence
FROM commands
WHERE regexp_matches(cmdline, $sites)
UNION ALL
SELECT time, host, agent_run, agent, process_key, pid, exe, dst_name AS site, cmdline, [row_id] AS evidence
FROM outbound
WHERE regexp_matches(dst_name, $sites)
