"""The foundation models behind the tools: contracts in, evidence-ready answers out, wherever a model runs."""
