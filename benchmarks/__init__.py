"""Speed beside peers and limits, both sides measured in one run."""
