"""`python -m irodori_client.cli` is `iro`, also where scripts are not on the path."""

from irodori_client.cli.main import main

main()
