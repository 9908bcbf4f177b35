"""The seven rolls of the real ES file (May 2024 to February 2026), of its own notes."""

from pathlib import Path

from barwise.bars.roll_table import read_rolls

ES_ROLLS = read_rolls(Path(__file__).with_name("es_rolls.csv"))
