"""The application: the only package that knows both chat and articles."""
