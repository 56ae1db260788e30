"""The `irodori` command. Each module beside this one adds one command and imports what it needs when it runs."""

import typer

from hub.cli import doctor, ledger, plugins, up, upload, verify_receipt, worker

HELP = (
    "Irodori: a marketplace and serving hub for image styles.\n\n"
    "On a laptop, `irodori up` runs all of it. In production each process runs by itself: the site under an ASGI "
    "server (hub.asgi:application), the rest by `irodori worker`.\n\n"
    "Every setting is an environment variable that begins with HUB_ (docs/reference/settings.md lists them); "
    "`irodori doctor` says what is wrong with yours."
)
app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_show_locals=False)

app.command()(up.up)
app.add_typer(worker.worker, name="worker")
app.command()(upload.upload)
app.command("verify-receipt")(verify_receipt.verify_receipt)
app.command()(plugins.plugins)
app.command()(doctor.doctor)
app.add_typer(ledger.ledger, name="ledger")


def main() -> None:
    app()
