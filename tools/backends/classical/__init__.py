"""The classical baseline: honest image analysis and small fitted models, never posing as a foundation model."""
