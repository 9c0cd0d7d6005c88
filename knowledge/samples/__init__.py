"""The sample help centre: articles of a made-up product, for the first five minutes and for tests."""
