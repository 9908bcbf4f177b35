"""The second set: leaks of another hand, written without sight of the checks.

What was known of the audit while this set was written: how it is called, and what its
page promises. No check, no test of one and no leak of the first set was read before.
"""
