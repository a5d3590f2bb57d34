# SPDX-License-Identifier: Apache-2.0
"""What the tests of jobs and hooks share: the API beside a stand-in, jobs followed as a page follows them."""
import contextlib
import http.client
import json
import os
import time

import lake
from collect_lake import Collecting, Service
from http_tests import Api


class JobApi(Api):
    """The API of a lake that collects from a stand-in: its processes reach that through its proxy."""

    def __enter__(self):
        before = dict(os.environ)
        os.environ.update(self.one.env)
        try:
            return super().__enter__()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def post(self, path, body=None, role="admin", expect=202, method="POST"):
        status, _, said = self.ask(method, path, None if method == "DELETE" else json.dumps(body or {}), role=role)
        assert status == expect, f"{path}: {status}: {said[:600]}"
        return json.loads(said)

    def start(self, path, body=None, role="admin"):
        """The job's id."""
        job = self.post(path, body, role)["job"]
        assert job["state"] == "running" and job["ended"] is None and "result" not in job, job
        return job["id"]

    def follow(self, job, timeout=60, role="viewer"):
        """The events of a job: (name, data), until the server ends them."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            link.request("GET", f"/api/v1/jobs/{job}/events", headers={"Authorization": f"Bearer {self.tokens[role]}"})
            reply = link.getresponse()
            assert reply.status == 200 and reply.headers["Content-Type"] == "text/event-stream", reply.status
            events, name = [], None
            for line in reply.read().decode().split("\n"):
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    events.append((name, json.loads(line[6:])))
            return events
        finally:
            link.close()

    def wait(self, job, timeout=60):
        until = time.monotonic() + timeout
        while (found := self.get(f"/api/v1/jobs/{job}"))["state"] == "running":
            assert time.monotonic() < until, f"it goes on: {found}"
            time.sleep(0.1)
        return found

    def done(self, path, body=None, role="admin"):
        job = self.wait(self.start(path, body, role))
        assert job["state"] == "done", job
        return job


class Web:
    """`with Web(folder) as (api, one, service)`: a stand-in, a lake beside it with nothing in it, and the API."""

    def __init__(self, folder, *words, command="http", events="40", **service):
        self.service = Service(folder, events=events, **service)
        self.one = Collecting(self.service, folder)
        self.api = JobApi(self.one, *words, command=command)

    def __enter__(self):
        self.service.__enter__()
        self.api.__enter__()
        return self.api, self.one, self.service

    def __exit__(self, *why):
        try:
            self.api.__exit__(*why)
        finally:
            self.service.__exit__(*why)


def jira(service, **more):
    """The body that connects the stand-in's Jira."""
    return {"kind": "jira", "domain": "acme.atlassian.net", "mail": service.ready["mail"], "api_token": service.tokens["classic"],
            "ca_file": service.ca, "allow_private": True, **more}


def holds(folder, secret):
    """Files below a folder that have this text in them."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError), open(os.path.join(where, name), "rb") as file:  # SQLite's come and go
                if secret.encode() in file.read():
                    found.append(os.path.join(where, name))
    return found


def processes():
    """Command lines and environments of all processes that we may look at."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        for what in ("cmdline", "environ"):
            try:
                with open(f"/proc/{pid}/{what}", "rb") as file:
                    yield pid, what, file.read()
            except OSError:
                continue


__all__ = ["JobApi", "Web", "holds", "jira", "lake", "processes"]
