"""The instructor's side: submissions → kernels in a sandbox → verdicts → gradebook → reports."""
