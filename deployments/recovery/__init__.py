"""Recovery after a hard stop: interrupted runs, missed schedules, slots that nothing holds."""
