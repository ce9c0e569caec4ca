"""Orders about files, secrets and the network, in plain words, as data."""

from __future__ import annotations

import re

from pipeline.policy.draft.commands import argv_of
from pipeline.policy.draft.pattern import (
    ANY,
    DELETE,
    EDIT,
    END,
    LOCKS,
    MADE,
    OUTSIDE,
    REMOVE,
    WRITE,
    Pattern,
    any_of,
    touches,
)

FILE_PATTERNS: tuple[Pattern, ...] = (
    # files
    touches(
        "lock-files",
        rf"(?:{EDIT}|{REMOVE}|regenerat(?:e|ing)\s+){ANY}(?:dependency\s+|package\s+)*lock[\s-]?files?\b",
        "Lock files",
        ("file.write", "file.delete"),
        *LOCKS,
    ),
    touches(
        "generated",
        rf"{EDIT}{ANY}(?:auto-?)?generated\s+(?:source\s+)?(?:files?|code)\b",
        "Generated files",
        WRITE,
        "${workspace}/**/{generated,__generated__,gen}/**",
        "${workspace}/**/*.{generated,gen}.*",
        "${workspace}/**/*_pb2.py",
        "${workspace}/**/*.pb.{go,cc,h}",
        "${workspace}/**/*.g.dart",
    ),
    touches(
        "migrations",
        rf"(?:{EDIT}|{REMOVE})(?:(?:or|and)\s+\w+\s+)?{any_of(r'old|applied|past|committed|previous|already.applied|released|historical')}migrations?(?:\s+files?|\s+scripts?)?{END}",
        "Migrations",
        ("file.write", "file.delete"),
        "${workspace}/**/{migrations,migrate}/**",
    ),
    touches(
        "vendored",
        rf"{EDIT}{ANY}(?:vendored|vendor|third[\s-]party)\s+(?:code|files?|director(?:y|ies)|folders?|librar(?:y|ies)|sources?|dependencies)\b",
        "Vendored code",
        WRITE,
        "${workspace}/**/{vendor,third_party,third-party,node_modules}/**",
    ),
    touches(
        "workflows",
        rf"{EDIT}{ANY}(?:ci(?:/cd)?|github\s+actions?|workflow)\s+(?:workflows?|files?|config(?:uration)?s?|pipelines?)\b",
        "Workflows of the CI",
        WRITE,
        "${workspace}/.github/workflows/**",
        "${workspace}/.gitlab-ci.yml",
        "${workspace}/.circleci/**",
    ),
    touches(
        "delete-files",
        rf"{REMOVE}(?:(?:or|and)\s+\w+\s+)?{any_of('unexpected')}(?:files?|director(?:y|ies)|folders?){END}",
        "Deleted files",
        DELETE,
        "${workspace}/**",
        unless=MADE,
    ),
    touches(
        "outside",
        rf"(?:(?:{EDIT}|{REMOVE}|creat(?:e|ing)\s+)(?:(?:or|and)\s+\w+\s+)?{ANY}(?:files?\s+|anything\s+|folders?\s+)?|writ(?:e|ing)\s+)(?:outside|beyond)\s+(?:of\s+)?(?:the\s+|this\s+|your\s+)?(?:current\s+|project(?:['’]s)?\s+)?(?:workspace|repo(?:sitory)?|project|working\s+director(?:y|ies)|root|directory|folder)\b",
        "Writes outside the project",
        ("file.write", "file.delete"),
        "/**",
        unless=OUTSIDE,
    ),
    touches(
        "documents",
        rf"(?:creat|writ|add|generat)(?:e|ing)?\s+{any_of('unsolicited|unnecessary')}(?:documentation|docs?|readme|markdown|\.md|summary|`\*?\.md`)\s+(?:\(?[^)]{{0,12}}\)?\s*)?files?\b",
        "New documents",
        ("file.create",),
        "${workspace}/**/*.{md,mdx,rst}",
    ),
    # secrets
    Pattern(
        "read-secrets",
        re.compile(
            rf"(?:read|open|access|view|cat|display|inspect|load|look\s+at|touch)(?:ing)?(?:\s*(?:/|,|\bor\b|\band\b)\s*\w+)*\s+{any_of('real|local')}(?:secrets?|credentials?|private\s+keys?|ssh\s+keys?|passwords?|(?:\.env|env|environment|secrets?|credentials?)\s+files?)\b(?!\s+(?:in|from)\s+(?:code|logs?)\b)",
            re.IGNORECASE,
        ),
        "Reads of secrets",
        ("file.read",),
        {
            "path": [
                "${workspace}/**/.env",
                "${workspace}/**/.env.{local,production,development,staging}",
                "${workspace}/**/secrets/**",
            ],
        },
    ),
    Pattern(
        "commit-secrets",
        re.compile(
            rf"(?:commit|stag|push|check(?:ing)?\s+in)(?:e|t?ing)?(?:\s*(?:/|,|\bor\b|\band\b)\s*\w+)*\s+{any_of('real|actual|hard-?coded|sensitive|live|access|auth|bearer|personal|session')}(?:secrets?|credentials?|api[\s-]?keys?|tokens?|passwords?|private\s+keys?|(?:\.env|env|environment)\s+files?)\b",
            re.IGNORECASE,
        ),
        "Commits of secrets",
        ("exec",),
        {"argv": [*argv_of("git commit"), *argv_of("git add")], "taint": ["credential"]},
    ),
    # network
    Pattern(
        "network",
        re.compile(
            rf"(?:(?:access|us|connect|reach|hit|touch|call)(?:e|ing)?\s+(?:out\s+)?(?:to\s+)?{ANY}(?:network|internet|web)|(?:mak|perform|send|issu|initiat)(?:e|ing)\s+{ANY}(?:(?:outbound|outgoing|network|internet|http|https|api|web|remote)\s+)+(?:calls?|requests?|connections?|traffic)|(?:(?:outbound|outgoing|external)\s+)*(?:network|internet)\s+(?:access|calls?|requests?|connections?|traffic)|(?:outbound|outgoing)\s+(?:calls?|requests?|connections?|traffic)|go(?:ing)?\s+online)\b(?!\s+(?:in|from)\s+(?:\w+\s+)?tests?\b)",
            re.IGNORECASE,
        ),
        "Connections to other machines",
        ("net.connect", "net.send"),
        {"net": ["external"]},
    ),
)
