# SPDX-License-Identifier: Apache-2.0
"""docs/scaling.md: its configs, copied into real servers, and its commands, typed as they stand there; only hosts, ports and the
password are put in. On one server in make test, on two shards of two replicas in make test-cluster."""
import os
import re
import subprocess

import lake
from clusters import Clustered, need, servers
from lake import clustered

PASSWORD = "as-long-as-it-is"
NODES = {"ch1a": (0, 0), "ch1b": (0, 1), "ch2a": (1, 0), "ch2b": (1, 1)}


def page():
    with open(os.path.join(lake.ROOT, "docs", "scaling.md"), encoding="utf-8") as file:
        return file.read()


def configs():
    """The three files of the page."""
    found = re.findall(r"```xml\n(.*?)```", page(), re.S)
    assert len(found) == 3, f"{len(found)} configs"
    return [text.replace("PASSWORD", PASSWORD) for text in found]


def commands(section):
    """What is typed in a section."""
    (text,) = re.findall(rf"^## {section}$(.*?)^## ", page(), re.S | re.M)
    blocks = re.findall(r"```\n(.*?)```", re.sub(r"```xml.*?```", "", text, flags=re.S), re.S)
    return [line[2:] for block in blocks for line in re.sub(r"\\\n\s*", "", block).splitlines() if line.startswith("$ ")]


def put(server, name, text):
    path = os.path.join(server.folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    servers.write(path, text)


class Typed:
    """A folder where the commands of the page are typed, with a lake of some events."""

    def __init__(self, folder, urls):
        self.one, self.urls, self.folder = Clustered(folder), urls, folder
        lines, _, _ = lake.generate(os.path.join(folder, "a.log"), "jira", 500)
        self.one.load(os.path.join(folder, "a.log"))
        self.events = len(lines)
        os.makedirs(os.path.join(folder, "bin"))
        os.symlink(lake.PUGMARK, os.path.join(folder, "bin", "pugmark"))
        lake.write(os.path.join(folder, "password"), PASSWORD.encode())

    def type(self, command):
        for host, url in self.urls.items():
            command = command.replace(f"http://{host}.example.com:8123", url)
        assert "example.com" not in command, command
        env = {**os.environ, "HOME": self.folder, "PUGMARK_DATA": self.one.data,
               "PATH": os.path.join(self.folder, "bin") + ":" + os.environ["PATH"]}
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", command], env=env, cwd=self.folder, timeout=150, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        said = done.stdout.decode() + done.stderr.decode()
        assert done.returncode == 0, f"{command}: {said}"
        return said


def test_on_one_server(folder):
    need()
    server = servers.Server(os.path.join(folder, "clickhouse"))
    put(server, "users.d/pugmark.xml", configs()[2])
    with server:
        here = Typed(folder, {"ch1a": server.url})
        typed = commands("One server")
        assert len(typed) == 3, typed
        said = [here.type(command) for command in typed]
        assert "table jira_audit_logs made" in said[0] and "ClickHouse 18.16.1" in said[1] and "forgotten" in said[2], said


@clustered
def test_on_two_shards(folder):
    need()
    zoo = servers.ZooKeeper(os.path.join(folder, "zookeeper"))
    everyone, macros, users = configs()
    ports = {host: servers.free_ports(3) for host in NODES}
    for host, (_, native, _) in ports.items():
        everyone = everyone.replace(f"<host>{host}.example.com</host><port>9000</port>", f"<host>127.0.0.1</host><port>{native}</port>")
    everyone = everyone.replace("<host>zoo1.example.com</host><port>2181</port>", f"<host>127.0.0.1</host><port>{zoo.port}</port>")
    assert "example.com" not in everyone and "<shard>2</shard><replica>b</replica>" in macros
    nodes = {}
    for host, (http, native, between) in ports.items():
        node = nodes[host] = servers.Server(os.path.join(folder, host), interserver=between, ports=(http, native))
        put(node, "config.d/pugmark.xml", everyone)
        put(node, "config.d/macros.xml", macros.replace("<shard>2</shard><replica>b</replica>",
                                                        f"<shard>{host[2]}</shard><replica>{host[3]}</replica>"))
        put(node, "users.d/pugmark.xml", users)
    try:
        zoo.start()
        for node in nodes.values():
            node.launch()
        for node in nodes.values():
            servers.Cluster.meet(node)
        here = Typed(folder, {host: node.url for host, node in nodes.items()})
        said = {command: here.type(command) for command in commands("Two shards of two replicas")}
        assert any("2 shards, 4 servers" in text for text in said.values()), said
        assert any("shard 2: 2 of 2 replicas up" in text for text in said.values()), said
        assert any(command.startswith("pugmark cluster load") for command in said), "it is not loaded"
        assert nodes["ch2b"].ask("SELECT count() FROM pugmark.jira_audit_logs") == f"{here.events}\n"
    finally:
        for node in nodes.values():
            node.kill()
        zoo.stop()
