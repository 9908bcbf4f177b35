"""The project's alphabet of array types; shapes are checked in tests.

Times are int64 nanoseconds since 1970-01-01 UTC everywhere.
"""

from __future__ import annotations

from jaxtyping import Bool, Float, Float64, Int, Int8, Int64
from numpy import ndarray

Times = Int64[ndarray, " row"]
Prices = Float64[ndarray, " bar"]
Flags = Bool[ndarray, " row"]
Index = Int64[ndarray, " row"]
Classes = Int8[ndarray, " row"]
Vector = Float[ndarray, " row"]
Matrix = Float[ndarray, "row column"]
Windows = Float[ndarray, "row step column"]
Probabilities = Float[ndarray, "row class"]
Counts = Int[ndarray, "class class"]

NANOSECOND = 1
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
