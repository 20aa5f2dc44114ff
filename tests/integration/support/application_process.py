"""The application as a process of its own, so that it can be killed: it says
yes to everything. Started with its port."""

import sys

from support.application import Application

if __name__ == "__main__":
    Application(port=int(sys.argv[1])).thread.join()
