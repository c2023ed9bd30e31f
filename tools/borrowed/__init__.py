"""Tools of other MCP servers, given to our agents by the settings: pinned, named apart, and never evidence."""
