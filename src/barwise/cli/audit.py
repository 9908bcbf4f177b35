"""``barwise audit``: what could make a result too good to be true."""

from __future__ import annotations

import typer

from barwise.cli import audit_dataset as dataset
from barwise.cli import audit_features as features
from barwise.cli import audit_invariance as invariance
from barwise.cli import audit_leaks as leaks
from barwise.cli.output import ending

group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
group.command("dataset", epilog=ending(*dataset.EXAMPLES))(dataset.audit_dataset)
group.command("features", epilog=ending(*features.EXAMPLES))(features.audit_features)
group.command("invariance", epilog=ending(*invariance.EXAMPLES))(
    invariance.audit_invariance
)

group.command("leaks", epilog=ending(*leaks.EXAMPLES))(leaks.audit_leaks)


@group.callback()
def _group() -> None:
    """Look for what could not have been known, and what should not matter."""


def add_to(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="audit", epilog=ending(features.EXAMPLES[0]))
