"""Pages for people, each one file: templates, style, numbers, charts."""
