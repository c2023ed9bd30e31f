"""The verifier measured: synthetic reports with exactly one error, and harmless rewordings without any."""
