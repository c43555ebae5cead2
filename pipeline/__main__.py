"""`python -m pipeline`: the `sohoa` command."""

from pipeline.cli.entry import main

if __name__ == "__main__":
    main(prog_name="sohoa")
