"""Helpdesks at the far end of a wire: strict, stateful, and able to fail on demand."""
