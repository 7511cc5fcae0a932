from .optional import VALUE
