-- title: Package from a foreign source
-- answers: Which agents installed from an index, an address or a repository that is not the usual one?
-- severity: medium
-- tactics: initial-access
-- attack: T1195.001, T1195.002
-- atlas: AML.T0010.001, AML.T0011.001
-- owasp: ASI04
-- lookback: 5m
-- scheduled: yes
-- false positives: An organisation's own index; add its name to trusted.
-- parameters:
--   sources: regex = ^(?:npm|pnpm|yarn|bun|npx|pip[0-9.]*|-m pip|uv|uvx|pipx|poetry|gem|cargo|composer|go)\b.*?(?:--(?:extra-)?index-url[ =]|-i |--registry[ =]|--find-links[ =]|-f |--source[ =]|--git |--default-index[ =]|--index[ =])?((?:git\+)?(?:https?|ssh|git)://[^\s'"]+|(?:github|gitlab|bitbucket):\S+|git@\S+): command lines that name a source; the first group is the source
--   trusted: regex = ^(git\+)?https?://(pypi\.org|files\.pythonhosted\.org|test\.pypi\.org|registry\.npmjs\.org|registry\.yarnpkg\.com|rubygems\.org|crates\.io|index\.crates\.io|proxy\.golang\.org|packagist\.org|download\.pytorch\.org)(/|$): sources that are fine
-- columns:
--   package_source: the source
--   cmdline: command line of the program
SELECT *, regexp_extract(line, $sources, 1) AS package_source, [row_id] AS evidence
FROM commands
WHERE regexp_matches(line, $sources) AND regexp_matches(line, '\b(install|add|i|update|get|x|dlx|run|sync|require)\b|^(npx|uvx) ')
    AND NOT regexp_matches(regexp_extract(line, $sources, 1), $trusted)
