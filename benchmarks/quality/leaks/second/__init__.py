"""The second set: leaks of another hand, written without sight of the checks.

What was known of the audit while this set was written: how it is called, and what its
page promises. No check and no test of one was read before; of the first set's leaks the
names and one line each of twenty columns, in the page's table.
"""
