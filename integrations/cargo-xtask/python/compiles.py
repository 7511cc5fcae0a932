"""Tell which Python files the interpreter refuses.

Reads paths from standard input, one a line; writes those that do not compile, each with the reason
after a tab.
"""

import sys
import warnings


def main():
    warnings.simplefilter("ignore")
    for path in sys.stdin.read().splitlines():
        try:
            with open(path, "rb") as file:
                compile(file.read(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = " ".join(str(error).split())
            print(f"{path}\t{type(error).__name__}: {reason}")


if __name__ == "__main__":
    main()
