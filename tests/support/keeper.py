"""The process that keeps a test run's PostgreSQL: it starts it, waits for the run's end, ends it.

Started as `python keeper.py FOLDER` by the first process of a run that needs a database. Every
process that uses the server holds a shared lock on `FOLDER/used`, which the kernel lets go of even
when it is killed; so whoever gets that lock alone knows that nobody is left. What must hold: no
server and no folder outlives the run, however the run ends.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from tests.support.cluster import Cluster


def keep(folder: Path) -> None:
    """Serve until nobody uses the folder any more, then remove it.

    Whoever starts this waits only for its first half, and for the output to end: by then the server
    answers, or never will.
    """
    if os.fork():
        os._exit(0)
    cluster = Cluster(folder)
    try:
        cluster.make()
        cluster.start()
        written = folder / "url.part"
        written.write_text(cluster.url)
        written.rename(folder / "url")
        with (folder / "used").open() as used:
            os.close(1)
            fcntl.flock(used, fcntl.LOCK_EX)
            cluster.kill()  # Its data go with it.
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        cluster.kill()


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
