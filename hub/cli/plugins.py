"""`irodori plugins`: what is installed, what is enabled, and why not."""

import typer


def plugins() -> None:
    """List the installed plugins, what each provides, and whether HUB_PLUGINS enables it."""
    # Imported here, as in every command, so that `irodori --help` answers at once.
    from rich.console import Console
    from rich.table import Table

    from hub.config import hub_config, plugin_registry
    from hub.registry import installed_plugins

    registry, config = plugin_registry(), hub_config()
    idle: list[str] = []
    table = Table("plugin", "state", "provides", "summary")
    for name, entry in sorted(installed_plugins().items()):
        if name in registry.plugins:
            plugin = registry.plugins[name]
            provides = "\n".join(f"{c.point} {c.id}" for c in plugin.components)
            table.add_row(name, "[green]enabled[/]", provides, plugin.summary)
        elif name in config.plugins:
            table.add_row(name, "[red]broken[/]", "", registry.failures.get(name, ""))
        else:
            table.add_row(name, "installed, not enabled", "", "")
            idle.append(f"{name} is in {entry.module}; add it to HUB_PLUGINS to enable it.")
    Console().print(table)
    # Below the table, where no column cuts what people want to copy.
    for sentence in idle:
        typer.echo(sentence)
