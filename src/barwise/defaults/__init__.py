"""Figures that a user may want to read or replace: instruments, models, examples."""
