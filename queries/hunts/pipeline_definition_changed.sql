-- title: Build pipeline edited
-- answers: Which agents wrote what a build server will run with its own secrets?
-- severity: medium
-- tactics: initial-access, persistence
-- attack: T1195.002, T1554
-- atlas: AML.T0010.001
-- owasp: ASI04
-- lookback: 5m
-- scheduled: yes
-- false positives: An agent that was asked to mend the pipeline.
-- parameters:
--   files: globs = **/.github/{workflows,actions}/**,**/{.gitlab-ci.yml,Jenkinsfile,azure-pipelines.yml,bitbucket-pipelines.yml,.travis.yml,.drone.yml,buildspec.yml,cloudbuild.yaml},**/.circleci/**,**/.buildkite/**,**/.gitea/workflows/**: definitions of pipelines
--   keepers: texts = git: programs that write them from a repository
-- columns:
--   target: the file
--   operation: what was done
--   cmdline: command line of the program
SELECT *, [row_id] AS evidence
FROM changes
WHERE regexp_full_match(target, $files) AND NOT list_contains($keepers, program)
