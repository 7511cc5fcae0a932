"""The import graph of some packages by grimp, for the benchmarks.

    grimp_graph.py [--cache DIR] [--downstream MODULE] NAME...
    grimp_graph.py --probe NAME...

Prints how many modules and imports the graph has, then the modules that import MODULE, directly or
not. `--probe` prints as JSON which of the packages grimp can build, and why not the others.
"""

import argparse
import json

import grimp


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache")
    parser.add_argument("--downstream")
    parser.add_argument("--probe", action="store_true")
    parser.add_argument("name", nargs="+")
    options = parser.parse_args()
    if options.probe:
        probe(options.name)
        return
    graph = grimp.build_graph(*options.name, cache_dir=options.cache)
    print("modules", len(graph.modules))
    print("imports", graph.count_imports())
    if options.downstream:
        for module in sorted(graph.find_downstream_modules(options.downstream)):
            print("downstream", module)


def probe(names):
    can, cannot = [], {}
    for name in names:
        try:
            grimp.build_graph(name, cache_dir=None)
            can.append(name)
        # It has many: a file that does not parse, a module that is no package.
        except Exception as error:
            cannot[name] = " ".join(f"{type(error).__name__}: {error}".split())
    print(json.dumps({"can": can, "cannot": cannot}))


if __name__ == "__main__":
    main()
