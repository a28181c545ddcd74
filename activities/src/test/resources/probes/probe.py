"""probe.py NAME JSON: performs one attack and says REACHED, STOPPED or ABSENT."""
import errno
import json
import sys

import kernel, mounts, network, processes, resources, workspace  # noqa: E401,F401 (they register)
from kit import ATTACKS, Absent, Stopped


def main():
    name, given = sys.argv[1], json.loads(sys.argv[2])
    try:
        print("REACHED", ATTACKS[name](given), flush=True)
    except Absent as e:
        print("ABSENT", e, flush=True)
    except Stopped as e:
        print("STOPPED", e, flush=True)
    except OSError as e:
        print("STOPPED", errno.errorcode.get(e.errno, e.errno), e, flush=True)


main()
