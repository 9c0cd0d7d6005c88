"""What the sources of helpdesks with an HTTP API share: the client, paging, audiences, the listing itself."""
