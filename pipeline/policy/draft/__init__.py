"""Rules proposed from the sentences of CLAUDE.md and AGENTS.md: what a kernel can check of them, in audit mode."""

from pipeline.policy.draft.drafting import Draft, Proposal, Skipped, draft

__all__ = ["Draft", "Proposal", "Skipped", "draft"]
