"""The application as a separate process, so that a test can kill it. It allows
everything. The argument is its port."""

import sys

from support.application import Application

if __name__ == "__main__":
    Application(port=int(sys.argv[1])).thread.join()
