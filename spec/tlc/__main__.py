"""Model checking of spec/SessionManager.tla by TLC: `python3 spec/tlc --help`.

Exit status: 0 if all is as declared, 1 if something differs, 2 if the arguments are wrong.
"""

import argparse
import sys

import check
import graph
import teeth
import tlc
import traces


def main():
    parser = argparse.ArgumentParser(prog="spec/tlc", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in [check, graph, traces, teeth]:
        name = module.__name__
        command = commands.add_parser(name, help=module.__doc__.split("\n")[0])
        module.arguments(command)
        command.set_defaults(main=module.main)
    arguments = parser.parse_args()
    tlc.jar()
    sys.exit(arguments.main(arguments))


if __name__ == "__main__":
    main()
