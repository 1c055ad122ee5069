"""Looking at the data: what a dump holds, how it differs from another, as figures and a page."""
