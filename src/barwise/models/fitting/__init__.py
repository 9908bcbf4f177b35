"""How models with rounds are trained: loop, losses, schedules, stopping, checkpoints.

``tail`` knows no torch; the other files do, so each is imported where it is used.
"""
