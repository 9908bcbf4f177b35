"""What the defaults make of real bars: pooled walk-forward, the horizon named beforehand."""
