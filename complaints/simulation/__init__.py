"""Synthetic complaints with the statistics of a real city and none of its rows."""

from complaints.simulation.calibration import Calibration, CalibrationError
from complaints.simulation.engine import Block, Simulation
from complaints.simulation.rows import COLUMNS, rows

__all__ = ["COLUMNS", "Block", "Calibration", "CalibrationError", "Simulation", "rows"]
