-- title: Shell history read
-- answers: Which agents read what people typed before?
-- severity: medium
-- tactics: credential-access, collection
-- attack: T1552.003
-- atlas: AML.T0037
-- owasp: ASI03
-- lookback: 5m
-- scheduled: yes
-- false positives: An interactive shell that an agent starts reads its own history.
-- parameters:
--   histories: globs = ~/.{bash_history,zsh_history,sh_history,python_history,psql_history,mysql_history,node_repl_history,rediscli_history,lesshst},~/.local/share/fish/fish_history: files of history
--   owners: texts = bash,zsh,fish,ksh,python,python3,psql,mysql,node,redis-cli,less: programs whose files they are
-- columns:
--   path: the file
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM reads
WHERE regexp_full_match(path, $histories) AND NOT list_contains($owners, regexp_replace(program, '[0-9.]+$', ''))
