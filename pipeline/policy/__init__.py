"""The policy language: from a YAML file to verdicts and to what the kernel can decide by itself.

To read it in the order of its way: ``source`` (YAML with positions), ``model`` and ``fields``
(what may stand there), ``checks``, ``load`` (all errors at once), ``braces`` and ``globs`` (path
patterns), ``context``, ``combine`` and ``compile`` (a program for this run), ``matchers`` and
``decide`` (the verdict on one kind of event), ``classes`` (many events at once), ``kernel_rules``
and ``kernel`` (what the sensor decides), ``explain`` and ``testing`` (for people). The language
itself is described in ``policies/README.md``.
"""
