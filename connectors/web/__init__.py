"""A chat widget of any web site, over HTTP or a WebSocket."""
