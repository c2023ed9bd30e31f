"""Golden requests that show whether an endpoint keeps its contract."""
