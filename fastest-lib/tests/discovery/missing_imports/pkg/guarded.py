try:
    from .optional import VALUE
except ImportError:
    VALUE = 2
