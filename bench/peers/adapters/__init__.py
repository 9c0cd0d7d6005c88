"""One file a peer: `build(name, folder, model)` gives an object with the methods of `adapters.protocol`."""
