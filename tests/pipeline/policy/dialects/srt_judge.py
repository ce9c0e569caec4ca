"""The real srt as a judge: its own schema, and its own reading of paths and domains, in one process of node."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

from tests.npm import npm_package

VERSION = "0.0.83"
OLD = "0.0.21"
"""The version that the corpus speaks of."""

_SCRIPT = """
const base = 'file://' + process.argv[1] + '/dist/';
const load = name => import(base + name);
const { SandboxRuntimeConfigSchema: schema } = await load('sandbox/sandbox-config.js');
const domains = await load('sandbox/domain-pattern.js').catch(() => null);  // 0.0.21 has none
const hosts = await load('sandbox/parent-proxy.js').catch(() => null);
const globs = await load('sandbox/glob-pattern.js').catch(() => null);
const answers = {
  accepts: text => {
    let data;
    try { data = JSON.parse(text); } catch { return { ok: false, why: 'not JSON' }; }
    const found = schema.safeParse(data);
    return found.success
      ? { ok: true, data: found.data }
      : { ok: false, why: found.error.issues.map(i => i.path.join('.') + ': ' + i.message.slice(0, 60)).join('; ') };
  },
  host: text => hosts.canonicalizeHost(text) ?? null,
  split: text => domains.splitDomainPatternPort(text),
  matches: ([host, port, pattern]) =>
    domains.matchesDomainPatternWithPort(hosts.canonicalizeHost(host) ?? host, port, pattern),
  url: text => { try { new URL(text); return true; } catch { return false; } },
  groups: text => { try { return new RegExp(new RegExp(text).source + '|').exec('').length - 1; } catch { return null; } },
  glob: ([pattern, paths]) => {
    const regex = new RegExp(globs.globToRegex(pattern));
    return paths.map(p => regex.test(p));
  },
};
let text = '';
for await (const part of process.stdin) text += part;
process.stdout.write(JSON.stringify(JSON.parse(text).map(([what, value]) => answers[what](value) ?? null)));
"""


@cache
def _package(version: str) -> str:
    return str(npm_package("@anthropic-ai/sandbox-runtime", version))


def ask(questions: list[tuple[str, Any]], version: str = VERSION) -> list[Any]:
    """The answers of srt, in order."""
    done = subprocess.run(
        ["node", "--input-type=module", "-e", _SCRIPT, _package(version)],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def accepts(texts: list[str], version: str = VERSION) -> list[bool]:
    """Which settings srt takes."""
    return [answer["ok"] for answer in ask([("accepts", text) for text in texts], version)]
