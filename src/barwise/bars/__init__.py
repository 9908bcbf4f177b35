"""Raw market data to clean bars: read, clean, sessions, resample, gaps."""

from barwise.bars.append import Appended, append_bars
from barwise.bars.bars import Bars, format_interval
from barwise.bars.clean import Cleaner, arrange, clean_file
from barwise.bars.contracts import join_contracts, rolls_by_expiry, rolls_by_volume
from barwise.bars.event_builder import EventBuilder
from barwise.bars.event_rule import TRADES, EventRule
from barwise.bars.gaps import GapFiller, interpolate_gaps
from barwise.bars.instruments import Instrument, get_instrument, instruments
from barwise.bars.intervals import parse_interval
from barwise.bars.prepare import Preparer, prepare, sessions_of
from barwise.bars.quality import Finding, QualityReport
from barwise.bars.read import read_bars
from barwise.bars.resample import Resampler, bucket_bounds
from barwise.bars.roll_adjust import RollAdjuster
from barwise.bars.roll_table import Roll, read_rolls
from barwise.bars.rolls import label_contracts
from barwise.bars.session_filter import SessionFilter, session_mask
from barwise.bars.sessions import SessionTable, coverage, session_table
from barwise.bars.simulate import simulate_bars
from barwise.bars.stored import write_bars
from barwise.bars.trade_cleaner import TradeCleaner

__all__ = [
    "TRADES",
    "Appended",
    "Bars",
    "Cleaner",
    "EventBuilder",
    "EventRule",
    "Finding",
    "GapFiller",
    "Instrument",
    "Preparer",
    "QualityReport",
    "Resampler",
    "Roll",
    "RollAdjuster",
    "SessionFilter",
    "SessionTable",
    "TradeCleaner",
    "append_bars",
    "arrange",
    "bucket_bounds",
    "clean_file",
    "coverage",
    "format_interval",
    "get_instrument",
    "instruments",
    "interpolate_gaps",
    "join_contracts",
    "label_contracts",
    "parse_interval",
    "prepare",
    "read_bars",
    "read_rolls",
    "rolls_by_expiry",
    "rolls_by_volume",
    "session_mask",
    "session_table",
    "sessions_of",
    "simulate_bars",
    "write_bars",
]
