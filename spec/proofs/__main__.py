"""The proofs about strict, and what ties them to the code: `python3 spec/proofs --help`.

Exit status: 0 if all is as declared, 1 if something differs, 2 if the arguments are wrong.
"""

import argparse
import sys

import check
import extract
import faults


def main():
    parser = argparse.ArgumentParser(prog="spec/proofs", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in [check, extract, faults]:
        name = module.__name__
        command = commands.add_parser(name, help=module.__doc__.split("\n")[0])
        module.arguments(command)
        command.set_defaults(main=module.main)
    arguments = parser.parse_args()
    try:
        sys.exit(arguments.main(arguments))
    except extract.Wrong as wrong:
        sys.exit(f"spec/proofs: {wrong}")


if __name__ == "__main__":
    main()
