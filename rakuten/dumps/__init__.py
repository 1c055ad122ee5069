"""Dumps: files, tables and images of one delivery of a catalogue, read as hostile input."""
