"""Neural networks: a file an architecture; ``net_model`` makes each a model.

Importing this folder imports no torch; the registry imports a file on first use.
"""
