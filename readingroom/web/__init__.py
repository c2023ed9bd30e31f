"""The reading room as a page in a browser, and the HTTP API that it stands on."""
