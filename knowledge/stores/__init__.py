"""The passage index as Haystack DocumentStores."""
