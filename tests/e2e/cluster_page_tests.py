# SPDX-License-Identifier: Apache-2.0
"""The page in a real Chromium, on a lake whose tables are on a ClickHouse server that another collector fills too, and that is then away."""
import http.server
import os
import threading

import lake
from clusters import Clustered, Lone
from page_journey_tests import House, settle

SLOW = True  # not in make quick


class Switch:
    """`with Switch(server) as s:` a POST to s.url/stop kills the server, one to /start starts it again."""

    def __init__(self, server):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                {"/stop": server.kill, "/start": server.start}[self.path]()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        # One thread that stays: a server ends with the thread that started it.
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_events_of_all_collectors_until_the_cluster_is_away(folder):
    with Lone(folder) as server:
        other = Clustered(folder, "other")
        settle(other, folder, 400, ["confluence"])
        mine = Clustered(folder)
        house = House(folder, 600, mine, ["jira"])
        for one in (other, mine):
            one.init(server.url)
            one.cluster("load")
        theirs = other.state()["collector"]
        assert theirs != mine.state()["collector"]
        counts = {one: int(server.ask(f"SELECT count() FROM pugmark.{one}_audit_logs")) for one in ("jira", "confluence")}
        assert min(counts.values()) > 100, counts
        with house, Switch(server) as switch:
            house.journey("cluster", mine=counts["jira"], theirs=counts["confluence"], collector=theirs, control=switch.url,
                          server=server.http, actor="grace.andersson")
        assert lake.run([lake.PUGMARK, "verify", "--data", mine.data]).status == 0, os.listdir(mine.data)
