"""The kernel of the book's pages: cells, checks and figures, run by Pyodide in a worker."""
