"""`python -m hub.cli` is `irodori`, also where scripts are not on the path."""

from hub.cli.main import main

main()
