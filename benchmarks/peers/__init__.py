"""What the field would write for the same columns, one file a peer."""
