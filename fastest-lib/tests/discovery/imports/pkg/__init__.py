from .base import Base, CasesOfBase
from .constants import *
from .values import Color
