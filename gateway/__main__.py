"""``python -m gateway`` is ``netcurtain``."""

from gateway.cli import main

if __name__ == "__main__":
    main()
