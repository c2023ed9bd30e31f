"""Words: report templates, lexicon and limitations as data, rendered by one sandboxed, strict Jinja2 environment."""
