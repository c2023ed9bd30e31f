"""Who plans, who writes, who checks."""
