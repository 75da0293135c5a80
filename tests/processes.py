"""`rni` in processes of its own, forked from one that has imported it already: 0.1 s each, where importing takes 3.

From there it is a process like any other: with its own id, environment, log and end. That the command starts from
nothing is tested in `test_cli`.
"""

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["service.app", "service.commands.deliveries", "service.commands.system", "service.cli"])


def begin(arguments: Sequence[str | Path], environment: Mapping[str, str], out: Path, err: Path) -> ForkServerProcess:
    """`rni` with these arguments, writing to the end of these files."""
    given = [str(each) for each in arguments], dict(environment), str(Path.cwd()), str(out), str(err)
    process = _FORKS.Process(target=_become_rni, args=given)
    process.start()
    return process


def _become_rni(arguments: list[str], environment: dict[str, str], folder: str, out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for path, stream in ((os.devnull, 0), (out, 1), (err, 2)):
        flags = os.O_RDONLY if stream == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        os.dup2(os.open(path, flags, 0o600), stream)
    sys.argv = ["rni", *arguments]
    from service.cli import main  # here: whoever asks for a process need not import it

    main()
