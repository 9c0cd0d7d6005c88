"""The embedding model: articles in bulk in a child process, questions in this one."""
