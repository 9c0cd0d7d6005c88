"""HTTP: health, and later webhooks and the admin pages."""
