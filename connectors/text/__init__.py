"""CommonMark for chat platforms with limits: splitting, and links that say where they lead. Pure."""
