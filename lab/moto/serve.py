"""Serves moto's EC2 on a free port of this machine, and ends with the process that started it.

That process holds the other end of standard input, which is closed when it ends, however it ends.
"""

import os
import sys
import threading

from moto.server import main


def end_with_starter():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_starter, daemon=True).start()
main(["-H", "127.0.0.1", "-p", "0"])
