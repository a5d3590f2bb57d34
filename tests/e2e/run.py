# SPDX-License-Identifier: Apache-2.0
"""Finds the tests (functions test_… of *_tests.py), runs each in a process of its own, counts."""
import glob
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

import lake

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_SECONDS = 1800 if lake.LONG or lake.CLUSTER else 240


def left_out(full):
    """LEAVE_OUT: names of tests, and of groups with a slash at their end."""
    return any(full == name or name.endswith("/") and full.startswith(name) for name in os.environ.get("LEAVE_OUT", "").split())


def find(words):
    sys.path.insert(0, HERE)
    for path in sorted(glob.glob(os.path.join(HERE, "*_tests.py"))):
        name = os.path.basename(path)[:-3]
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            if not key.startswith("test_") or value.__module__ != name:
                continue
            full = f"{name[:-6]}/{key[5:]}"
            if words and not any(w in full for w in words) or left_out(full):
                continue
            if lake.QUICK and (getattr(value, "slow", False) or getattr(module, "SLOW", False)):
                continue
            if not lake.LONG and getattr(value, "long", False):
                continue
            if not lake.CLUSTER and getattr(value, "clustered", False):
                continue
            yield full, value


def child(test, folder, log):
    """Runs one test; exit status 0 passed, 1 failed, 2 skipped."""
    os.setpgid(0, 0)
    os.chdir(folder)
    with open(log, "w", encoding="utf-8") as out:
        try:
            test(folder)
            return 0
        except lake.Skip as reason:
            out.write(str(reason))
            return 2
        except AssertionError as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            own = [f for f in traceback.extract_tb(error.__traceback__) if f.name.startswith("test_")]
            where = own[-1] if own else where
            out.write(f"{os.path.basename(where.filename)}:{where.lineno}: {error or where.line}")
            return 1
        except Exception:
            out.write(traceback.format_exc())
            return 1


class Running:
    def __init__(self, name, test, root):
        self.name, self.began = name, time.monotonic()
        self.folder = os.path.join(root, name.replace("/", "-"))
        os.makedirs(self.folder)
        os.chmod(self.folder, 0o755)
        self.log = self.folder + ".log"
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(child(test, self.folder, self.log))

    def done(self):
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0 and time.monotonic() - self.began > LIMIT_SECONDS:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            with open(self.log, "a", encoding="utf-8") as out:
                out.write(f"took longer than {LIMIT_SECONDS} s")
            return 1
        return None if pid == 0 else os.waitstatus_to_exitcode(status)

    def report(self, status):
        said = open(self.log, encoding="utf-8").read() if os.path.exists(self.log) else ""
        word = {0: "ok  ", 2: "skip"}.get(status, "FAIL")
        print(f"{word} {self.name}  {time.monotonic() - self.began:.1f} s"
              + (f"\n     {said.strip()}" if said else ""), flush=True)
        if not lake.KEEP:
            lake.remove_tree(self.folder)


def main():
    lake.find_programs()
    waiting = list(find(sys.argv[1:]))
    jobs = int(os.environ.get("JOBS", "2"))
    counts, running = {0: 0, 1: 0, 2: 0}, []
    root = tempfile.mkdtemp(prefix="pugmark-e2e-")
    os.chmod(root, 0o755)
    began = time.monotonic()
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(Running(*waiting.pop(0), root))
        time.sleep(0.01)
        for one in list(running):
            status = one.done()
            if status is not None:
                running.remove(one)
                status = status if status in (0, 2) else 1
                counts[status] += 1
                one.report(status)
    if lake.KEEP:
        print(f"kept: {root}")
    else:
        shutil.rmtree(root, ignore_errors=True)
    print(f"elapsed: {time.monotonic() - began:.0f} s; {counts[2]} skipped")
    print(f"{counts[0]} passed, {counts[1]} failed")
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
