"""The resumable engine: expressions become programs, programs are pushed chunk by chunk."""

from barwise.stream.expr import Expr, column, constant
from barwise.stream.graph import Graph
from barwise.stream.program import Program, compile_program

__all__ = ["Expr", "Graph", "Program", "column", "compile_program", "constant"]
