"""Import: upload a file, say what its columns mean, try it, import it, take it out again."""
