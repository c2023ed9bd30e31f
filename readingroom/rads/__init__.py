"""Categories of reporting systems as pure functions of typed inputs; the published tables are data in prompts/rads."""
