# SPDX-License-Identifier: Apache-2.0
"""ship: whatever happens to logs, network, disk and the shipper itself, the bucket holds in the end what stood
in the logs, byte for byte; and what is wrong is said in a sentence."""
import json
import os
import pty
import random
import re
import signal
import threading
import time

import lake
from shipping import A, B, C, Bucket, Server, Shipper, Wire, age, figures, put, ship_once, wait_for
from lake import clear, generate, run, says, slow, write

# --- Once ---------------------------------------------------------------------------------------------


def test_once_and_again(folder):
    bucket = Bucket(folder)
    lines, _, _ = generate("events", "bitbucket", 3000)
    texts = {A: lake.joined(lines[:1000]), B: lake.joined(lines[1000:2000]), C: lake.joined(lines[2000:2500])}
    for name, text in texts.items():
        put(folder, name, text)
    said = figures(ship_once(bucket, folder, "--json"))
    assert said["objects"] == said["logs"] == 3, said
    assert said["bytes"] == sum(map(len, texts.values())) and 0 < said["packed_bytes"] < said["bytes"] / 5, said
    assert said["waiting_bytes"] == said["lost_logs"] == said["unread_logs"] == 0, said
    bucket.holds(texts)
    again = figures(ship_once(bucket, folder, "--json"))
    assert again["objects"] == again["bytes"] == 0, again
    more = lake.joined(lines[2500:]) + b"no end"
    texts[C] += lake.joined(lines[2500:])
    put(folder, C, more)
    said = figures(ship_once(bucket, folder, "--json"))
    assert (said["objects"], said["logs"], said["waiting_bytes"]) == (1, 1, 6), said
    bucket.holds(texts)
    result = ship_once(bucket, folder)
    assert result.out == b"0 B of 0 logs uploaded as 0 objects; 6 B of lines without an end wait for it\n", result.out


def test_nothing_in_the_folder_is_touched(folder):
    bucket = Bucket(folder)
    for name in (A, B):
        age(put(folder, name, b"a line\n" * 1000))

    def picture():
        return {name: (s.st_ino, s.st_size, s.st_mtime_ns, s.st_atime_ns, s.st_ctime_ns, s.st_mode)
                for name in os.listdir("logs") for s in [os.stat(os.path.join("logs", name))]}
    before = picture()
    assert ship_once(bucket, folder).status == 0
    assert picture() == before, "files are not as they were"


@slow
def test_dry_run_lists_what_goes(folder):
    bucket = Bucket(folder)
    put(folder, A, b'{"node":"web 1"}\n' + b"x" * 99 + b"\n")
    put(folder, B, os.urandom(40 << 20).hex(":", 1000).encode().replace(b":", b"\n") + b"\n")
    command = [lake.PUGMARK, "ship", "--dry-run", "--state", os.path.join(folder, "state/file"), "logs",
               "s3://audit/p"]
    result = run(command)  # no keys, no endpoint, no network
    assert result.status == 0, result.err
    lines = result.out.decode().splitlines()
    assert not os.path.exists("state") and not list(bucket.files())
    assert ship_once(bucket, folder).status == 0
    sent = sorted(f"s3://audit/{r.key}  {r.to - r.first}" for _, _, _, r in bucket.ranges())
    assert sorted(lines[:-1]) == sent and len(sent) == 7, (lines, sent)
    assert re.match(r"8\d MB of 2 logs would be uploaded as 7 objects", lines[-1]), lines[-1]
    said = json.loads(run([*command[:2], "--json", *bucket.options(), *command[2:]]).out)
    assert said["dry_run"] and said["objects"] == 0, said


def test_both_programs_do_the_same(folder):
    bucket = Bucket(folder)
    put(folder, A, b"one\n")
    assert ship_once(bucket, folder, program=[lake.SHIP]).status == 0
    put(folder, A, b"two\n")
    assert figures(ship_once(bucket, folder, "--json"))["bytes"] == 4
    bucket.holds({A: b"one\ntwo\n"})
    own, other = run([lake.SHIP, "--help"]), run([lake.PUGMARK, "help", "ship"])
    for line in own.out.decode().split("Options:\n")[1].split("\n\n")[0].splitlines():
        name, text = re.match(r"  (--[a-z-]+)(?: [A-Z]+)? +(.*)", line).groups()
        if name not in ("--help", "--version", "--verbose", "--json", "--node"):
            assert re.search(rf"^  {name}(?: [A-Z]+)? +{re.escape(text)}$", other.out.decode(), re.M), name
    assert run([lake.SHIP, "--version"]).out.startswith(b"pugmark-ship ")
    clear(run([lake.SHIP]), "the target is missing", "pugmark-ship --help")
    clear(run([lake.SHIP, "--nonsense", "s3://b"]), "no option --nonsense")
    clear(run([lake.SHIP, "--every"]), "--every needs a value")
    with open(lake.SHIP, "rb") as program:
        text = program.read()
    if not lake.SANITIZED:
        for library in (b"libsqlite3.so", b"libyaml", b"libpcre2", b"libduckdb"):
            assert library not in text, f"pugmark-ship needs {library}"


def test_gzip(folder):
    bucket = Bucket(folder)
    put(folder, A, b"a line\n" * 5000)
    assert ship_once(bucket, folder, "--gzip").status == 0
    bucket.holds({A: b"a line\n" * 5000})
    assert all(key.endswith(".gz") for key, _ in bucket.files() if "/2024" in key)


def test_odd_logs(folder):
    bucket = Bucket(folder)
    texts = {A: b"", B: os.urandom(3 << 20) + b"\n", "20240924-00007.audit.log": b"\n\n\r\n\0\n",
             "a b%+~#\xfc.audit.log": b"odd name\n", "20240925.00000.audit.log": b"x" * (40 << 20) + b"\nshort\n",
             "20240926.00000.audit.log": b"last\n"}
    for name, text in texts.items():
        age(put(folder, name, text))
    put(folder, "notes.txt", b"not a log\n")
    put(folder, "secret", b"not for the bucket\n")
    os.symlink("secret", "logs/link.audit.log")
    os.mkfifo("logs/pipe.audit.log")
    os.mkdir("logs/folder.audit.log")
    result = ship_once(bucket, folder, "--json")
    assert figures(result)["other_files"] == 2, result.out
    says(result, r"2 of the files .*, such as notes\.txt, are left out", "--all takes every file",
         "2 of the names .* are left out")
    bucket.holds(texts)
    # A line that is longer than an object goes in pieces.
    pieces = sorted((r.first, r.to) for _, log, _, r in bucket.ranges() if log == "20240925.00000.audit.log")
    assert pieces == [(0, 16 << 20), (16 << 20, 32 << 20), (32 << 20, (40 << 20) + 7)], pieces
    assert ship_once(bucket, folder, "--all").status == 0
    texts.update({"notes.txt": b"not a log\n", "secret": b"not for the bucket\n"})
    bucket.holds(texts)


def test_two_nodes_with_the_same_log_names(folder):
    bucket = Bucket(folder)
    for number, node in enumerate(("n1", "n2", "ü/..")):
        put(folder, A, b"the same first line\n" + node.encode() + b"\n", logs=node.replace("/", ""))
        result = ship_once(bucket, folder, "--node", node, logs=node.replace("/", ""),
                           state=f"state-{number}")
        assert result.status == 0, result.err
    for node in ("n1", "n2", "ü/.."):
        assert bucket.text(A, node) == b"the same first line\n" + node.encode() + b"\n"
    # Without --node the log says it, else the machine is it.
    put(folder, A, b'{"a":1,"node":"from the log"}\n', logs="own")
    put(folder, B, b'{"a":1}\n', logs="own")
    assert ship_once(bucket, folder, logs="own", state="state-own").status == 0
    assert bucket.text(A, "from the log") and bucket.text(B, os.uname().nodename)


# --- Following ----------------------------------------------------------------------------------------


@slow
def test_lines_come_in_time(folder):
    bucket = Bucket(folder)
    server = Server(folder, random.Random(1))
    shipper = Shipper(folder, server.folder, bucket, every=2)
    latest = 0
    for _ in range(4):
        server.line()
        server.write(b"part ")
        began, size = time.monotonic(), len(server.texts[server.name]) - 5
        wait_for(lambda: len(bucket.text(server.name)) >= size, 20, 0.02)
        latest = max(latest, time.monotonic() - began)
        server.write(b"whole\n")
        time.sleep(0.3)
    assert latest < 2 + (3 if lake.SANITIZED else 1), f"a line came after {latest:.1f} s"
    server.finish()
    wait_for(lambda: bucket.holds(server.texts))
    assert shipper.stop() == 0


@slow
def test_the_end_of_a_finished_log_comes(folder):
    bucket = Bucket(folder)
    server = Server(folder, random.Random(1))
    shipper = Shipper(folder, server.folder, bucket)
    server.write(b"one\nno end")
    wait_for(lambda: bucket.text(server.name) == b"one\n")
    time.sleep(3)
    assert bucket.text(server.name) == b"one\n", "a live log's last line was cut"
    old = server.name
    server.begin()
    wait_for(lambda: bucket.text(old) == b"one\nno end")
    shipper.stop()


@lake.slow
def test_kill_at_any_time(folder):
    bucket = Bucket(folder)
    for seed in range(30 if lake.LONG else 4):
        rng = random.Random(seed)
        own = os.path.join(folder, f"run{seed}")
        os.mkdir(own)
        server = Server(own, rng)
        server.name = f"{seed:08d}.00000.audit.log"
        os.rename(server.path(A), server.path())
        server.texts = {server.name: b""}
        shipper = Shipper(own, server.folder, bucket, "--node", f"seed {seed}")
        ended = threading.Event()

        def write_on():
            while not ended.is_set():
                server.step()
                time.sleep(rng.random() * 0.02)
        writer = threading.Thread(target=write_on)
        writer.start()
        for _ in range(6):
            time.sleep(rng.random() * 1.5)
            shipper.process.kill()
            shipper.process.wait()
            time.sleep(rng.random() * 0.3)
            shipper.start()
        ended.set()
        writer.join()
        server.finish()
        wait_for(lambda: bucket.holds(server.texts, f"seed {seed}"))
        assert shipper.stop() == 0
        assert "lost" not in shipper.log(), shipper.log()
        left = os.listdir(os.path.dirname(shipper.state))
        assert sorted(left) == ["file", "file.lock"], left


@lake.slow
def test_network_loss(folder):
    bucket = Bucket(folder)
    wire = Wire(bucket.port)
    rng = random.Random(7)
    server = Server(folder, rng)
    shipper = Shipper(folder, server.folder, bucket, port=wire.port)
    for round_number in range(8):
        for _ in range(60):
            server.line(2000)
            time.sleep(0.01)
        way = round_number % 4
        if way == 0:
            wire.cut()
        elif way == 1:
            wire.mend()
        elif way == 2:
            wire.limit = rng.randrange(2000)  # cut within a request
        else:
            wire.limit = 3_000_000
            server.begin()
    wire.cut()
    wait_for(lambda: "nothing is lost, it is tried again" in shipper.log())
    # The oldest is deleted while it cannot be sent.
    name = server.name
    server.line()
    server.begin()
    server.line()
    time.sleep(1.5)
    os.unlink(server.path(name))
    time.sleep(1)
    wire.mend()
    server.finish()
    wait_for(lambda: bucket.holds(server.texts), 60)
    wait_for(lambda: "uploading again" in shipper.log())
    assert shipper.stop() == 0
    says({"err": shipper.log()}, "has gone from the folder; it is read to its end all the same")
    assert "lost before" not in shipper.log() and "are lost" not in shipper.log()
    # What is waited out is not said every second.
    assert shipper.log().count("nothing is lost, it is tried again") < 15, shipper.log()


def test_the_network_is_not_there_at_first(folder):
    bucket = Bucket(folder)
    wire = Wire(bucket.port)
    wire.cut()
    put(folder, A, b"one\n")
    shipper = Shipper(folder, os.path.join(folder, "logs"), bucket, port=wire.port)
    wait_for(lambda: "tried again" in shipper.log())
    wire.mend()
    wait_for(lambda: bucket.text(A) == b"one\n")
    assert shipper.stop() == 0


@slow
def test_a_stop_is_quick(folder):
    bucket = Bucket(folder)
    wire = Wire(bucket.port)
    put(folder, A, b"one\n")
    shipper = Shipper(folder, os.path.join(folder, "logs"), bucket, port=wire.port, every=60)
    wait_for(lambda: bucket.text(A) == b"one\n")
    began = time.monotonic()
    assert shipper.stop() == 0  # while it waits
    assert time.monotonic() - began < 2
    wire.cut("silent")
    put(folder, A, b"two\n")
    shipper.start()
    time.sleep(1)
    began = time.monotonic()
    assert shipper.stop(signal.SIGINT) == 0  # while a server does not answer
    assert time.monotonic() - began < 2
    once = run([*shipper.command[:2], "--once", *shipper.command[2:]], signal_after=1)
    assert once.status == 130, once
    wire.mend()
    assert ship_once(bucket, folder).status == 0
    bucket.holds({A: b"one\ntwo\n"})


@slow
def test_a_log_is_truncated(folder):
    bucket = Bucket(folder)
    path = put(folder, A, b"one\ntwo\n")
    shipper = Shipper(folder, os.path.join(folder, "logs"), bucket)
    wait_for(lambda: bucket.text(A) == b"one\ntwo\n")
    write(path, b"uno\n")
    wait_for(lambda: sorted(bucket.logs().values()) == [b"one\ntwo\n", b"uno\n"])
    write(path, b"uno\ndos\ntres\n")
    wait_for(lambda: b"uno\ndos\ntres\n" in bucket.logs().values())
    os.rename(put(folder, "new", b"uno\nDOS\nTRES\nCUATRO\n"), path)  # the same first line, another content
    wait_for(lambda: b"uno\nDOS\nTRES\nCUATRO\n" in bucket.logs().values())
    assert {name[1] for name in bucket.logs()} == {A, A + "~2"}, bucket.logs()
    assert shipper.stop() == 0
    says({"err": shipper.log()}, f"{A} was truncated or replaced; all that it had .* is uploaded")


def test_a_vanished_log_is_said(folder):
    bucket = Bucket(folder)
    for name in (A, B, C):
        put(folder, name, b"one\n")
    assert ship_once(bucket, folder).status == 0
    put(folder, B, b"two\n")
    os.unlink(f"logs/{B}")
    result = ship_once(bucket, folder, "--json")
    assert result.status == 3 and figures(result)["lost_logs"] == 1, result
    clear(result, f"{B} has gone while nobody followed it: what it had from byte 4 on is lost")
    assert '"level":"error"' in result.err
    result = ship_once(bucket, folder)
    assert result.status == 0 and "lost" not in result.err, result.err


@slow
def test_logs_at_risk_are_named(folder):
    bucket = Bucket(folder)
    wire = Wire(bucket.port)
    wire.cut()
    for n in range(9):
        put(folder, f"20240924.{n:05d}.audit.log", b"one\n")
    shipper = Shipper(folder, os.path.join(folder, "logs"), bucket, "--max-files", "10", port=wire.port)
    wait_for(lambda: says({"err": shipper.log()}, f"2 logs are at risk: the server keeps 10 files, 9 are there, and "
                          f"{A}, {B} are not uploaded yet: deleted after 1 more"))
    time.sleep(2)
    assert shipper.log().count("at risk") == 1, shipper.log()
    wire.mend()
    wait_for(lambda: len(bucket.logs()) == 9)
    shipper.stop()


@slow
def test_the_folder_comes_later(folder):
    bucket = Bucket(folder)
    logs = os.path.join(folder, "home", "log", "audit")
    shipper = Shipper(folder, logs, bucket)
    wait_for(lambda: "is not there yet: it is waited for" in shipper.log())
    put(folder, A, b"one\n", logs=logs)
    wait_for(lambda: bucket.text(A) == b"one\n")
    os.rename(logs, logs + ".away")
    time.sleep(1.5)
    os.rename(logs + ".away", logs)
    put(folder, A, b"two\n", logs=logs)
    wait_for(lambda: bucket.text(A) == b"one\ntwo\n")
    assert shipper.stop() == 0 and "lost" not in shipper.log(), shipper.log()


def test_the_usual_home_is_found(folder):
    bucket = Bucket(folder)
    home = os.path.join(folder, "home")
    put(folder, A, b"one\n", logs="home/log/audit")
    command = [lake.PUGMARK, "ship", "--once", "--state", os.path.join(folder, "state"), *bucket.options(),
               "s3://audit/p"]
    result = run(command, env={"BITBUCKET_HOME": home})
    if result.status == 2 and "several" in result.err:
        raise lake.Skip("this machine has homes of its own")
    assert result.status == 0, result.err
    bucket.holds({A: b"one\n"})
    os.makedirs("other/log/audit")
    result = run(command, env={"BITBUCKET_HOME": home, "JIRA_HOME": os.path.join(folder, "other")})
    clear(result, "several folders of audit logs", home, "pugmark ship .*/log/audit s3://")
    assert result.status == 2


# --- Limits ----------------------------------------------------------------------------------------------------


@lake.slow
def test_memory_and_idle(folder):
    bucket = Bucket(folder)
    rng = random.Random(3)
    server = Server(folder, rng)
    lines = b"".join(b'{"action":"%d","author":"%d","text":"%s"}\n' % (i % 50, i % 999, rng.randbytes(30).hex().encode())
                     for i in range(100_000))
    for _ in range(20):
        server.write(lines)
        server.begin()
    server.write(os.urandom(48 << 20).replace(b"\n", b"x"))  # a line that packs not at all and has no end
    shipper = Shipper(folder, server.folder, bucket, every=60, program=[lake.SHIP])
    wait_for(lambda: len(bucket.text(server.name)) == 48 << 20, 120, 0.5)
    if lake.SANITIZED:
        shipper.stop()
        raise lake.Skip("sanitizers take memory of their own")
    peak = shipper.figure("VmHWM")
    assert peak < 80, f"{peak:.0f} MB at the peak"
    server.write(b"\n")
    server.finish()
    time.sleep(3)
    wait_for(lambda: shipper.figure("VmRSS") <= 20, 5)
    before, wakes = shipper.cpu(), time.monotonic()
    time.sleep(20)
    used = (shipper.cpu() - before) / (time.monotonic() - wakes)
    assert used < 0.002, f"{100 * used:.2f} % of a core while idle"
    assert shipper.stop() == 0


@slow
def test_progress_on_a_terminal(folder):
    bucket = Bucket(folder)
    for name in (A, B):
        put(folder, name, os.urandom(20 << 20).hex(":", 500).encode().replace(b":", b"\n"))
    for program in ([lake.PUGMARK, "ship"], [lake.SHIP]):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execv(program[0], [*program, "--once", "--state", os.path.join(folder, f"state-{len(program)}"),
                                  *bucket.options(), "logs", "s3://audit/p"])
        said = b""
        while True:
            try:
                data = os.read(terminal, 65536)
            except OSError:
                break
            if not data:
                break
            said += data
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        assert os.waitstatus_to_exitcode(status) == 0, said
        assert b"uploading" in said and b"2 logs uploaded as" in said, said
        assert said.rstrip().splitlines()[-1].find(b"logs uploaded") > 0, said
