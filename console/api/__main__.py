"""`python -m console.api`: the same as `duewell serve`."""

import sys

from console.main import main

if __name__ == "__main__":
    sys.argv[1:] = ["serve", *sys.argv[1:]]
    main()
