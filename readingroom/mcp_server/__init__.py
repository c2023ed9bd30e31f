"""The tools of this house for any MCP host: over standard input and output, or over HTTP with a token."""
