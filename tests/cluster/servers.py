# SPDX-License-Identifier: Apache-2.0
"""Real ClickHouse servers on loopback, for tests and bench: one alone, or shards of replicas with ZooKeeper between
them. Every process ends with the one that started it, and leaves nothing behind but its folder."""
import ctypes
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PLACES = ["/usr/sbin/clickhouse-server", os.path.join(ROOT, "deps/clickhouse/usr/sbin/clickhouse-server")]
PROGRAM = next(filter(os.path.exists, PLACES), PLACES[0])
ZOOKEEPER = "/usr/share/java/zookeeper.jar"  # names the others that it needs itself
CLUSTER = "house"  # the cluster's name in remote_servers
USER, PASSWORD = "pug", "p w&%ü'"  # beside `default`, which has none
READER = "reader"  # may read alone
DIE_WITH_PARENT = 1  # prctl's PR_SET_PDEATHSIG
LIBC = ctypes.CDLL(None)


def there():
    """Whether the servers' packages are installed."""
    return os.path.exists(PROGRAM)


def free_ports(n):
    """Ports that nobody listens on now; below those that connections out take, or one of them may take it before the server does."""
    held = []
    while len(held) < n:
        try:
            held.append(socket.create_server(("127.0.0.1", random.randrange(12000, 32000))))
        except OSError:
            continue
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def die_with_parent():
    """For preexec_fn: the signal comes at the end of the thread that started it."""
    LIBC.prctl(DIE_WITH_PARENT, signal.SIGKILL)


def start(command, log, folder):
    # Servers are started by threads that stay.
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder,
                            preexec_fn=die_with_parent)


USERS = """<yandex>
<profiles>
 <default><max_memory_usage>2000000000</max_memory_usage><max_threads>2</max_threads>
  <background_pool_size>2</background_pool_size><background_schedule_pool_size>4</background_schedule_pool_size></default>
 <reader><readonly>2</readonly></reader>
</profiles>
<users>
 <default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
 <{user}><password>{password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></{user}>
 <{reader}><password></password><networks><ip>127.0.0.1</ip></networks><profile>reader</profile><quota>default</quota></{reader}>
</users>
<quotas><default></default></quotas>
</yandex>
"""

CONFIG = """<yandex>
<logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog><size>10M</size><count>1</count></logger>
<listen_host>127.0.0.1</listen_host>
<http_port>{http}</http_port><tcp_port>{native}</tcp_port>{interserver}
<path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>16777216</mark_cache_size><uncompressed_cache_size>8388608</uncompressed_cache_size>
<max_concurrent_queries>100</max_concurrent_queries><keep_alive_timeout>3</keep_alive_timeout>
<timezone>UTC</timezone>{more}
</yandex>
"""


class Server:
    """One clickhouse-server: `with Server(folder) as s:`, or start() and stop()."""

    def __init__(self, folder, more="", interserver=None, ports=None, users=USERS):
        """`more`: further XML of its config. `interserver`: the port that replicas fetch parts at."""
        self.folder, self.process, self.log = os.path.abspath(folder), None, None
        self.core = None  # the one that it may use, where that is to be one
        self.http, self.native = ports or free_ports(2)
        os.makedirs(self.folder, exist_ok=True)
        password = PASSWORD.replace("&", "&amp;")
        write(os.path.join(folder, "users.xml"), users.format(user=USER, password=password, reader=READER))
        between = f"<interserver_http_host>127.0.0.1</interserver_http_host><interserver_http_port>{interserver}</interserver_http_port>"
        write(os.path.join(folder, "config.xml"), CONFIG.format(
            folder=self.folder, http=self.http, native=self.native, more=more, interserver=between if interserver else ""))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.http}"

    def launch(self):
        """Starts it and does not wait."""
        self.log = open(os.path.join(self.folder, "out"), "ab")  # pylint: disable=consider-using-with
        config = os.path.join(self.folder, "config.xml")
        pinned = [] if self.core is None else ["taskset", "-c", str(self.core)]
        self.process = start([*pinned, PROGRAM, f"--config-file={config}"], self.log, self.folder)

    def wait(self, seconds=60):
        """Waits until it answers."""
        end = time.monotonic() + seconds
        while True:
            try:
                assert self.ask("SELECT 1") == "1\n"
                return
            except OSError:
                said = self.process.poll()
                assert said is None, f"clickhouse-server ended with {said}: see {self.folder}/out and errors"
                assert time.monotonic() < end, f"clickhouse-server does not answer: see {self.folder}/errors"
                time.sleep(0.05)

    def start(self):
        self.launch()
        self.wait()

    def stop(self, how=signal.SIGTERM):
        """Ends it; SIGKILL for a sudden death."""
        if not self.process:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.send_signal(how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.log.close()

    def kill(self):
        self.stop(signal.SIGKILL)

    def freeze(self):
        """It holds its ports and answers nothing, until thaw()."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def ask(self, sql, data=None, seconds=60, **settings):
        """What it answers, as text. An error of the server is AssertionError with its words."""
        query = dict(settings)
        if data is not None:
            query["query"] = sql
        request = urllib.request.Request(f"{self.url}/?{urllib.parse.urlencode(query)}",
                                         data=sql.encode() if data is None else data)
        try:
            with urllib.request.urlopen(request, timeout=seconds) as reply:
                return reply.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{sql[:200]}: {error.read().decode(errors='replace')}") from None

    def rows(self, sql):
        """Rows of texts."""
        return [line.replace("\\'", "'").split("\t") for line in self.ask(sql).splitlines()]


class ZooKeeper:
    """One ZooKeeper in a small heap; alone, or as number `me` of those that `others` is lines of zoo.cfg about."""

    def __init__(self, folder, heap="96m", me=0, others=""):
        self.folder, self.heap, self.process, self.log = os.path.abspath(folder), heap, None, None
        os.makedirs(os.path.join(self.folder, "data"), exist_ok=True)
        self.port = free_ports(1)[0]
        write(os.path.join(folder, "data", "myid"), str(me))
        write(os.path.join(folder, "zoo.cfg"),
              f"tickTime=500\ndataDir={self.folder}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n"
              "maxClientCnxns=200\nadmin.enableServer=false\nminSessionTimeout=2000\nmaxSessionTimeout=60000\n"
              f"4lw.commands.whitelist=ruok,mntr,srvr\nsnapCount=100000\npreAllocSize=1024\ninitLimit=20\nsyncLimit=10\n{others}")

    def launch(self):
        self.log = open(os.path.join(self.folder, "out"), "ab")  # pylint: disable=consider-using-with
        self.process = start(["java", f"-Xmx{self.heap}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                              "-cp", ZOOKEEPER, "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                              os.path.join(self.folder, "zoo.cfg")], self.log, self.folder)

    def start(self):
        self.launch()
        self.wait()

    def wait(self):
        end = time.monotonic() + 60
        # ruok is answered before sessions are; a server of 18.16 whose first session fails dies of a null pointer.
        while "Mode: " not in self.word("srvr"):
            said = self.process.poll()
            assert said is None, f"ZooKeeper ended with {said}: see {self.folder}/out"
            assert time.monotonic() < end, f"ZooKeeper does not answer: see {self.folder}/out"
            time.sleep(0.1)

    def word(self, word):
        """Its answer to a word of four letters; "" where there is none."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as wire:
                wire.sendall(word.encode())
                return wire.makefile("r").read()
        except OSError:
            return ""

    def stop(self, how=signal.SIGTERM):
        if not self.process:
            return
        self.process.send_signal(how)
        self.process.wait()
        self.process = None
        self.log.close()


def zookeepers(folder, n, heap):
    """So many that know each other: what one of them knows, most of them know."""
    if n == 1:
        return [ZooKeeper(folder, heap)]
    ports = free_ports(2 * n)
    others = "".join(f"server.{i + 1}=127.0.0.1:{ports[2 * i]}:{ports[2 * i + 1]}\n" for i in range(n))
    return [ZooKeeper(f"{folder}{i + 1}", heap, i + 1, others) for i in range(n)]


class Cluster:
    """Shards of replicas: `with Cluster(folder) as c:`; c.nodes[shard][replica] is a Server."""

    def __init__(self, folder, shards=2, replicas=2, name=CLUSTER, more="", users=USERS, heap="96m", zoos=1):
        """`more`: further XML of each server's config; `heap`: that of each of `zoos` ZooKeepers."""
        self.name, self.zoos = name, zookeepers(os.path.join(folder, "zookeeper"), zoos, heap)
        ports = free_ports(3 * shards * replicas)
        each = [[[ports.pop() for _ in range(3)] for _ in range(replicas)] for _ in range(shards)]
        remote = f"<remote_servers><{name}>" + "".join(
            "<shard><internal_replication>true</internal_replication>" + "".join(
                f"<replica><host>127.0.0.1</host><port>{native}</port></replica>" for _, native, _ in shard) + "</shard>"
            for shard in each) + f"</{name}></remote_servers>"
        nodes = "".join(f"<node><host>127.0.0.1</host><port>{zoo.port}</port></node>" for zoo in self.zoos)
        zoo = (f"<zookeeper>{nodes}<session_timeout_ms>10000</session_timeout_ms></zookeeper>"
               "<distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>")
        self.nodes = [[Server(os.path.join(folder, f"shard{s}-replica{r}"), remote + zoo +
                              f"<macros><shard>{s + 1}</shard><replica>{r + 1}</replica></macros>{more}",
                              between, (http, native), users)
                       for r, (http, native, between) in enumerate(shard)] for s, shard in enumerate(each)]

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def zoo(self):
        """The one there is."""
        (zoo,) = self.zoos
        return zoo

    @property
    def servers(self):
        return [node for shard in self.nodes for node in shard]

    @property
    def urls(self):
        """One address of each shard's every replica, for --url."""
        return [node.url for node in self.servers]

    def start(self):
        for zoo in self.zoos:
            zoo.launch()
        for zoo in self.zoos:
            zoo.wait()
        for node in self.servers:
            node.launch()
        for node in self.servers:
            self.meet(node)

    @staticmethod
    def meet(node, times=3):
        """Waits until it answers and has a session with ZooKeeper. A server of 18.16 whose first session fails, on a machine
        with much to do, dies of a null pointer: it is started again, as systemd would."""
        while True:
            try:
                node.wait()
                node.ask("SELECT count() FROM system.zookeeper WHERE path = '/'")
                return
            except (AssertionError, OSError):
                times -= 1
                if times == 0:
                    raise
                if node.process.poll() is not None:
                    node.stop()
                    node.launch()
                time.sleep(0.2)

    def stop(self):
        for node in self.servers:
            node.stop(signal.SIGKILL)
        for zoo in self.zoos:
            zoo.stop()

    def settle(self, seconds=60):
        """Waits until every replica holds what the others of its shard do, and takes writes."""
        end = time.monotonic() + seconds
        for node in self.servers:
            # What stands in the log and was not read yet is in no queue.
            for database, table in node.rows("SELECT database, table FROM system.replicas WHERE NOT is_readonly"):
                node.ask(f"SYSTEM SYNC REPLICA {database}.{table}", seconds=seconds)
            while node.ask("SELECT count() FROM system.replicas WHERE is_readonly OR queue_size > 0 OR absolute_delay > 0") != "0\n":
                assert time.monotonic() < end, f"the replica at {node.url} does not settle"
                time.sleep(0.1)
