"""Planted leaks and clean look-alikes: the power of the leak audit."""
