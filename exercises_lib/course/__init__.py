"""The author's side: from solutions to chapters, and the checks on both."""
