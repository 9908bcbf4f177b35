"""Contract suites and toy markets, for barwise's tests and for yours."""
