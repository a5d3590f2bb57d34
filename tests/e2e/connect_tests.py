# SPDX-License-Identifier: Apache-2.0
"""pugmark connect: each wrong input gets one clear sentence, nothing is saved that was not seen to work."""
import json
import os
import pty
import re
import select
import termios
import time

import lake
from collect_lake import Collecting, Service
from lake import slow, write
from proxies import Proxy

SLOW = True  # not in make quick

SITE = "acme.atlassian.net"


class Asking:
    """`with Asking(folder) as (one, service, words)`: words make a connect of Jira that works."""

    def __init__(self, folder, *more, **service):
        self.service = Service(folder, *more, **{"events": "40", **service})
        self.one = Collecting(self.service, folder)

    def __enter__(self):
        self.service.__enter__()
        return self.one, self.service

    def __exit__(self, *why):
        self.service.__exit__(*why)


def words(service, kind="jira", domain=SITE, mail=None, token=None, private=True):
    found = [kind, "--ca-file", service.ca, *(["--allow-private"] if private else ()), "--domain", domain, "--api-token-file",
             token or service.token("pat" if "-dc" in kind else "classic")]
    if mail != "" and "-dc" not in kind:
        found += ["--mail", mail or service.ready["mail"]]
    return found


def refused(one, service, args, says, status=(1, 2), **how):
    """One sentence that says this, the right status, and nothing is saved."""
    result = one.run("connect", *args, **how)
    err = result.err.strip()
    assert result.status in status, f"{args}: status {result.status}: {err}"
    lines = [line for line in err.split("\n") if line]
    assert len(lines) == 1 and lines[0].startswith("pugmark: "), f"{args}: not one sentence: {err}"
    for word in (says,) if isinstance(says, str) else says:
        assert re.search(word, err, re.I), f"{args}: does not say {word!r}: {err}"
    for token in service.tokens.values():
        assert token not in err and token.encode() not in result.out, "a token is shown"
    saved = one.run("sources", "list", "--json")
    assert saved.status in (0, 1) and b'"name"' not in saved.out, f"{args}: saved all the same"
    return result


def test_wrong_addresses(folder):
    with Asking(folder) as (one, service):
        for domain, says in ((f"nosuch.{SITE[5:]}", "no site nosuch.*spelling"), (f"http://{SITE}", f"https://{SITE}"),
                             ("bob@example.com", "mail address"), ("", "empty"), ("acme atlassian net", "letters, digits"),
                             (f"{SITE}:99999", "port"), (f"{SITE}:", "port"), ("ftp://" + SITE, "only https"), ("acm\u00e9.atlassian.net", "xn--"),
                             ("https://", "no host"), ("https://user:x@" + SITE, "mail address|user name"), ("[::1", "letters, digits"),
                             ("a" * 300, "too long"), (f"{SITE}/{'x' * 600}", "too long"), (f"{SITE}/a b", "odd characters|blanks")):
            refused(one, service, words(service, domain=domain), says)
        no_proxy = {"HTTPS_PROXY": ""}
        refused(one, service, words(service, domain="https://nosuch.invalid"), ("nosuch.invalid", "not found.*check"), env=no_proxy)
        refused(one, service, words(service, domain="https://127.0.0.1:1"), "nobody listens", env=no_proxy)


def test_addresses_as_people_paste_them(folder):
    with Asking(folder) as (one, service):
        for n, domain in enumerate((f"https://{SITE}", f"https://{SITE}/", f"{SITE}/'", f"{SITE}'", f"\u201c{SITE}\u201d,", f" {SITE} \n", "acme",
                                    f"ACME.Atlassian.NET", f"https://{SITE}/jira/software/projects/AB/boards/1?x=y#z", f"<https://{SITE}>",
                                    f"{SITE}:443", f"`{SITE}`")):
            result = one.run("connect", "--json", *words(service, domain=domain))
            assert result.status == 0, f"{domain!r}: {result.err}"
            said = json.loads(result.out)
            assert said["name"] == "jira-acme" and said["instance"] == service.ready["cloud_ids"]["acme"], said
        page = [s["text"] for s in json.loads(one.run("connect", "--json", *words(service, domain=f"{SITE}/x/y")).out)["steps"]]
        assert any("the rest of the address is a page" in t for t in page), page


def test_wrong_tokens_and_mails(folder):
    with Asking(folder) as (one, service):
        good = service.tokens["classic"].encode()
        for text, says in ((b"", "empty"), (b"\n \n", "empty"), (good[:9] + b"\n" + good[9:], "line break.*character 10"),
                           (good[:9] + b" " + good[9:], "blank.*character 10"), (good[:5] + b"\t" + good[5:], "blank"),
                           (b'"' + good + b'"', "quote"), (good[:3] + b"\x00" + good[3:], "no token has"), ("caf\u00e9".encode(), "no token has"),
                           (good[:-5], ("not accepted", "new one")), (b"x" * 20_000, "longer than")):
            refused(one, service, words(service, token=write("token", text)), says)
        for mail in ("other@example.com", "nobody"):
            refused(one, service, words(service, mail=mail), ("not accepted", mail))
        refused(one, service, words(service, mail=""), "--mail is missing", status=(2,))
        refused(one, service, words(service, token="/nonexistent"), "no file of the name", status=(2,))
        refused(one, service, words(service, token=folder), "directory")
        service.control("POST", "tokens", {"kind": "classic", "revoked": True})
        refused(one, service, words(service), "revoked")
        for kind, token in (("jira", "org"), ("org", "classic")):
            args = words(service, token=service.token(token)) if kind == "jira" else \
                ["org", "--ca-file", service.ca, "--org-id", service.ready["org_id"], "--api-token-file", service.token(token)]
            refused(one, service, args, "not accepted")


def test_tokens_with_blanks_around_them(folder):
    with Asking(folder) as (one, service):
        good = service.tokens["classic"].encode()
        for text in (good, good + b"\r\n", b" \t" + good + b"  \n\n", b"\xef\xbb\xbf" + good + b"\r\n"):
            assert one.run("connect", *words(service, token=write("token", text))).status == 0
        result = one.run("connect", *words(service, token="-"), stdin=open(service.token("classic"), "rb"))
        assert result.status == 0, result.err


def test_a_token_on_the_command_line_is_not_taken_and_not_shown(folder):
    with Asking(folder) as (one, service):
        token = service.tokens["classic"]
        without = [w for w in words(service) if w not in ("--api-token-file", service.token("classic"))]
        for more in (["--api-token", token], ["--api-token-file", token], [f"--api-token={token}"]):
            refused(one, service, [*without, *more], "never words of the command line", status=(2,))
        refused(one, service, [*without, "--token", token], "token", status=(2,))


def test_missing_and_unknown_words(folder):
    with Asking(folder) as (one, service):
        for args, says in ((("jirra",), ("jirra", "jira, confluence")), ((), "missing"), (("jira",), "--domain is missing"),
                           (("jira", "--domain", SITE, "--mail", "a@b.c"), "--api-token-file is missing"), (("org",), "--org-id is missing"),
                           (("bitbucket-dc",), "--domain is missing"), (("s3", "--table", "jira"), "--bucket is missing"),
                           (("s3", "--bucket", "x"), "--table is missing"), (("folder", "--table", "jira"), "--path is missing"),
                           (("folder", "--table", "jira", "--path", "/nonexistent"), "nonexistent"),
                           (("folder", "--table", "nonsense", "--path", "."), "nonsense"), (("org", "--mail", "x"), "--mail"),
                           (("org", "--org-id", "abc", "--api-token-file", service.token("org")), "36 letters"),
                           (("jira", "--interval", "5 minutes"), "5 minutes.*15m"), (("jira", "--interval", "0"), "."),
                           (("jira", "--look-back", "-1h"), "1h"), (("jira", "--history", "whenever"), "--history.*date"),
                           (("jira", "--token-expires", "soon"), "--token-expires.*date"), (("jira", "--interval", "99999999999d"), "99999999999d"),
                           ((*words(service), "--interval", "0"), "1 second"), ((*words(service), "--name", "../x"), "../x"),
                           ((*words(service), "--ca-file", "/nonexistent"), "nonexistent"), ((*words(service), "--proxy", "nonsense://"), "proxy"),
                           ((*words(service), "--proxy", "http://me:secret@proxy:8080"), "in the open.*HTTPS_PROXY"),
                           ((*words(service), "--schema", "/nonexistent"), "nonexistent"), ((*words(service), "--from", "/nonexistent"), "nonexistent")):
            refused(one, service, args, says)


@slow
def test_servers_that_refuse(folder):
    with Asking(folder) as (one, service):
        service.set(plan="free")
        refused(one, service, words(service), "paid plan", status=(1,))
        service.set(plan="paid")
        for kind in ("classic", "pat"):
            service.control("POST", "tokens", {"kind": kind, "permission": False})
        refused(one, service, words(service), "Administer Jira", status=(1,))
        refused(one, service, words(service, "confluence"), "Confluence Administrator", status=(1,))
        refused(one, service, words(service, "bitbucket-dc", "https://bitbucket.example.com"), "system administrator", status=(1,))
        for kind in ("classic", "pat"):
            service.control("POST", "tokens", {"kind": kind, "permission": True})
        for fault, says in (({"kind": "status", "status": 503, "path": "tenant_info"}, "HTTP 503.*later"),
                            ({"kind": "status", "status": 503, "source": "jira"}, "HTTP 503.*later"),
                            ({"kind": "status", "status": 429, "source": "jira", "retry_after": "90"}, "too many requests"),
                            ({"kind": "html", "source": "jira"}, "web page"), ({"kind": "redirect", "source": "jira"}, "id.atlassian.com"),
                            ({"kind": "error_json", "source": "jira"}, "no list .records."), ({"kind": "cut", "source": "jira"}, "broke|ended|early"),
                            ({"kind": "status", "status": 404, "source": "jira"}, "check the address")):
            service.control("POST", "faults", fault)
            refused(one, service, words(service), says, status=(1,))
            service.no_faults()
        service.set(org_guard="off")
        refused(one, service, ["org", "--ca-file", service.ca, "--org-id", service.ready["org_id"], "--api-token-file", service.token("org")],
                "Guard Standard", status=(1,))


def steps(result):
    return {s["text"]: s["step"] for s in json.loads(result.out)["steps"]}


def test_warnings_are_a_reason_to_ask(folder):
    """A permission that shows as 200 and nothing, a wrong clock, a broken filter: saved only when wished."""
    with Asking(folder) as (one, service):
        for settings, says in (({"no_permission": "empty"}, "may not see them"), ({"skew_ms": 16 * 60_000}, "clock is 1[56] minutes behind"),
                               ({"skew_ms": -16 * 60_000}, "clock is 1[56] minutes ahead")):
            service.control("POST", "tokens", {"kind": "classic", "permission": "skew_ms" in settings})
            service.set(**settings)
            result = refused(one, service, ["--json", *words(service)], ("warning", "--allow-empty"), status=(2,))
            warned = [t for t, step in steps(result).items() if step == "warning"]
            assert len(warned) == 1 and re.search(says, warned[0]), warned
            service.set(no_permission="403", skew_ms=0)
        service.control("POST", "tokens", {"kind": "classic", "permission": True})
        service.fault("empty", path="from=|to=", source="jira")
        result = refused(one, service, ["--json", *words(service)], "warning", status=(2,))
        assert any("by time|asked for a time" and "deliver nothing" in t for t in steps(result)), result.out
        result = one.run("connect", "--json", *words(service), "--allow-empty")
        assert result.status == 0 and json.loads(result.out)["saved"], result.err


def test_certificates_that_must_not_be_trusted(folder):
    with Asking(folder) as (one, service):
        no_proxy = {"HTTPS_PROXY": ""}
        for port, says in (("expired", "expired.*clock"), ("wrong-host", "another name"), ("untrusted", "authority.*CA file")):
            for kind in ("jira", "bitbucket-dc"):
                refused(one, service, words(service, kind, f"https://127.0.0.1:{service.ports[port]}"), says, status=(1,), env=no_proxy)
        without = [w for w in words(service) if w not in ("--ca-file", service.ca)]
        refused(one, service, without, "authority.*CA file", status=(1,))
        assert not [r for r in service.asked() if r["token"]], "a login went to a server that was not trusted"


@slow
def test_proxies_that_lie_refuse_and_want_a_password(folder):
    with Asking(folder) as (one, service):
        for how, says in (("refuse", "proxy.*refuses"), ("password", "user and password.*HTTPS_PROXY"), ("lie", "TLS")):
            with Proxy(service.ports["port"], how) as proxy:
                for env, more in (({"HTTPS_PROXY": proxy.url}, ()), ({"HTTPS_PROXY": ""}, ("--proxy", proxy.url))):
                    refused(one, service, [*words(service), *more], says, status=(1,), env=env)
                assert proxy.seen and not any("authorization:" in h.lower() for h in proxy.headers)
        refused(one, service, [*words(service), "--proxy", "http://127.0.0.1:1"], "proxy 127.0.0.1:1 cannot be connected", status=(1,))
        with Proxy(service.ports["port"]) as proxy:
            result = one.run("connect", *words(service), "--proxy", proxy.url, env={"HTTPS_PROXY": ""})
            assert result.status == 0, result.err
            one.names["jira"] = "jira-acme"
            seen = len(proxy.seen)
            one.collect("jira", env={"HTTPS_PROXY": ""})
            assert len(proxy.seen) > seen, "collect did not use the connection's proxy"


def test_a_data_center_by_any_of_its_addresses(folder):
    """A page's path, http:// with and without --allow-private, a private address without it."""
    with Asking(folder) as (one, service):
        no_proxy = {"HTTPS_PROXY": ""}
        local = f"127.0.0.1:{service.ports['jira-dc']}"
        mine = dict(mail="", token=service.token("pat"))
        refused(one, service, words(service, domain=f"https://{local}", private=False, **mine), "loopback.*--allow-private", env=no_proxy)
        refused(one, service, words(service, domain=f"http://{local}", private=False, **mine), "https://.*--allow-private", status=(2,))
        refused(one, service, words(service, domain="https://jira.example.com/nosuch", **mine) +
                ["--proxy", "http://127.0.0.1:1"], "proxy", status=(1,))
        for domain in (f"https://{local}/secure/admin/ViewLog.jspa?x=1", f"https://{local}/"):
            result = one.run("connect", "--json", *words(service, domain=domain, **mine), env=no_proxy)
            assert result.status == 0, result.err
            assert json.loads(result.out)["instance"] == "https://jira.example.com", result.out
        # Below a path of its own, from a page's address.
        result = one.run("connect", "--json", *words(service, "bitbucket-dc", f"https://localhost:{service.ports['port']}/bitbucket/projects/A/repos"),
                         env=no_proxy)
        assert result.status == 0, result.err
        name = json.loads(result.out)["name"]
        assert one.run("collect", "--once", name, env=no_proxy).status == 0
        assert one.count("bitbucket_audit_logs") == 40


def test_another_product_of_a_data_center(folder):
    """All have the same audit log; the table is the product's."""
    with Asking(folder) as (one, service):
        for kind, base, said in (("confluence", "https://jira.example.com", "is Jira, not Confluence: pugmark connect jira"),
                                 ("jira", "https://bitbucket.example.com", "is Bitbucket, not Jira: pugmark connect bitbucket-dc"),
                                 ("bitbucket-dc", "https://confluence.example.com", "pugmark connect confluence")):
            result = one.run("connect", "--json", *words(service, kind, base, token=service.token("pat")))
            assert result.status == 2 and said in result.err, (kind, result)
        good = one.run("connect", *words(service, "jira", "https://jira.example.com", token=service.token("pat")))
        assert good.status == 0 and "it is Jira 9.12.4" in good.out.decode(), good


def test_http_of_ones_own_network(folder):
    with Service(folder, "--http", events="40") as service:
        one = Collecting(service, folder)
        args = ["bitbucket-dc", "--domain", f"http://127.0.0.1:{service.ports['bitbucket-dc']}", "--api-token-file", service.token("pat")]
        refused(one, service, args, "--allow-private", status=(2,))
        result = one.run("connect", *args, "--allow-private", env={"HTTPS_PROXY": ""})
        assert result.status == 0, result.err
        jira = ["jira", "--domain", f"http://127.0.0.1:{service.ports['acme']}", "--mail", service.ready["mail"], "--api-token-file",
                service.token("classic")]
        assert one.run("connect", *jira, env={"HTTPS_PROXY": ""}).status == 2


GUIDE = "{\n  \u201cdomain\u201d: \u201c%s\u201d,\n  \u201cmail\u201d: \u201c%s\u201d,\n  \u201capi_token\u201d: \u201c%s\u201d,\n}\n"


def test_the_guides_sample_as_it_is_printed(folder):
    """Typographic quotes, trailing commas, other spellings, escapes."""
    with Asking(folder) as (one, service):
        mail, token = service.ready["mail"], service.tokens["classic"]
        texts = (GUIDE % (SITE, mail, token), json.dumps({"domain": f"https://{SITE}/", "mail": mail, "api_token": token}),
                 f"DOMAIN={SITE}\r\nEMAIL='{mail}'\r\nAPI_TOKEN={token}\r\n", f"domain: {SITE}\nmail: {mail}\napi_token: {token}\n",
                 json.dumps({"domain": SITE, "mail": mail, "api_token": token}).replace("=", "\\u003d"),
                 f"# my site\n\u00abdomain\u00bb : \u00ab{SITE}\u00bb\n\u2018mail\u2019: \u2018{mail}\u2019\n\u201eapi_token\u201c:\u00a0\u201e{token}\u201c")
        for text in texts:
            result = one.run("connect", "--json", "jira", "--ca-file", service.ca, "--from", write("creds", text.encode()))
            assert result.status == 0, f"{text}: {result.err}"
            assert json.loads(result.out)["name"] == "jira-acme"
        result = one.run("connect", "jira", "--ca-file", service.ca, "--from", "-", stdin=open("creds", "rb"))
        assert result.status == 0, result.err
        for text, says in ((b"hello", "none of domain, mail and api_token"), (b"", "none of domain"), (b'{"domain":"acme","mail":""}', "line 1.*mail"),
                           (b'a\nb\n"api_token": ""', "line 3"), (b"domain:" + b"x" * 5000, "line 1")):
            result = one.run("connect", "jira", "--ca-file", service.ca, "--from", write("creds", text))
            assert result.status in (1, 2) and re.search(says, result.err), (text, result.err)


class Talk:
    """A program that talks to a person on a terminal."""

    def __init__(self, args, env):
        self.said = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(args[0], args, {**os.environ, "PUGMARK_DATA": "/nonexistent", "NO_COLOR": "1", **env})

    def hear(self, word, seconds=20):
        """Reads until it has said this."""
        end = time.monotonic() + seconds
        while not re.search(word, self.said):
            if time.monotonic() > end:
                raise AssertionError(f"it did not say {word!r}: {self.said}")
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.said += os.read(self.fd, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        assert re.search(word, self.said), f"it ended and did not say {word!r}: {self.said}"

    def say(self, text):
        self.said = ""
        os.write(self.fd, text.encode())

    def end(self):
        self.hear(r"(?s).*\Z", 0.2)
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.said += data.decode("utf-8", "replace")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_questions_on_a_terminal_and_the_token_is_not_echoed(folder):
    with Asking(folder) as (one, service):
        args = [lake.PUGMARK, "connect", "--data", one.data, "jira", "--ca-file", service.ca]
        talk = Talk(args, one.env)
        talk.hear("Domain.*: $")
        assert "id.atlassian.com" in talk.said, "no word on where a token comes from"
        talk.say(SITE + "\n")
        talk.hear("Mail.*: $")
        talk.say(service.ready["mail"] + "\n")
        talk.hear("token.*: $")
        talk.say(service.tokens["classic"] + "\n")
        assert talk.end() == 0, talk.said
        assert service.tokens["classic"] not in talk.said and "is connected" in talk.said, talk.said


def test_a_warning_is_asked_about_on_a_terminal(folder):
    with Asking(folder, events="0") as (one, service):
        for answer, status in (("n", 2), ("", 2), ("y", 0)):
            talk = Talk([lake.PUGMARK, "connect", "--data", one.data, *words(service)], one.env)
            talk.hear("all the same.*: $")
            talk.say(answer + "\n")
            assert talk.end() == status, talk.said
        assert b"jira-acme" in one.run("sources").out


def test_ctrl_c_at_the_question_for_the_token(folder):
    with Asking(folder) as (one, service):
        talk = Talk([lake.PUGMARK, "connect", "--data", one.data, "jira", "--domain", SITE, "--mail", "a@b.c"], one.env)
        talk.hear("token.*: $")
        talk.say("\x03")
        end = time.monotonic() + 10
        while not termios.tcgetattr(talk.fd)[3] & termios.ECHO and time.monotonic() < end:
            time.sleep(0.05)
        echo = bool(termios.tcgetattr(talk.fd)[3] & termios.ECHO)
        assert talk.end() in (1, 2, 130), talk.said
        assert echo, "the terminal stays without echo"
        assert b'"name"' not in one.run("sources", "list", "--json").out


def test_paths_from_here_and_no_proxy(folder):
    """A file named from this folder is found from any other; --proxy '' goes past the environment's."""
    with Asking(folder) as (one, service):
        write("mine.pem", open(service.ca, "rb").read())
        local = f"https://127.0.0.1:{service.ports['jira-dc']}"
        args = ["jira", "--ca-file", "mine.pem", "--allow-private", "--domain", local, "--api-token-file", service.token("pat")]
        refused(one, service, args, "proxy", env={"HTTPS_PROXY": "http://127.0.0.1:1"})
        result = one.run("connect", "--json", *args, "--proxy", "", env={"HTTPS_PROXY": "http://127.0.0.1:1"})
        assert result.status == 0, result
        name = json.loads(result.out)["name"]
        os.makedirs("elsewhere")
        os.chdir("elsewhere")
        result = one.run("collect", "--once", name, env={"HTTPS_PROXY": "http://127.0.0.1:1"})
        assert result.status == 0, result
        assert one.count("jira_audit_logs") == 40


def test_another_key_for_the_tokens(folder):
    with Asking(folder) as (one, service):
        one.connect("jira")
        key = next(os.path.join(top, name) for top, _, names in os.walk(folder) for name in names
                   if name == "key" and "pugmark" in top)
        before = open(key, "rb").read()
        result = one.run("sources", "rekey")
        assert result.status == 0 and result.out == b"1 secrets are sealed under the new key\n", result
        assert open(key, "rb").read() != before and os.stat(key).st_mode & 0o777 == 0o600
        one.collect("jira")
        os.chmod(write("other.key", os.urandom(32)), 0o600)
        assert one.run("sources", "rekey", "--new-key-file", "missing.key").status == 1
        result = one.run("sources", "rekey", "--json", "--new-key-file", "other.key")
        assert json.loads(result.out) == {"resealed": 1}, result
        result = one.run("collect", "--once")
        assert result.status == 1 and "key" in result.err, result
        os.replace("other.key", key)
        service.add("jira", 2)
        assert one.collect("jira")["stored"] == 2


def test_as_one_json_object(folder):
    with Asking(folder) as (one, service):
        good = json.loads(one.run("connect", "--json", *words(service)).out)
        assert good["saved"] is True and good["name"] == "jira-acme" and len(good["steps"]) >= 5, good
        bad = one.run("connect", "--json", *words(service, token=write("token", b"wrong")))
        said = json.loads(bad.out)
        assert bad.status == 1 and said["saved"] is False and "not accepted" in said["error"], said
        assert said["steps"][-1]["step"] == "failed"
        worse = one.run("connect", "--json", "jira", "--domain", "a b")
        assert worse.status == 2 and json.loads(worse.out)["saved"] is False, worse


def test_connecting_again_with_a_new_token_keeps_the_name_and_what_was_read(folder):
    with Asking(folder) as (one, service):
        one.connect("jira", "--name", "my-jira", "--token-expires", "2020-01-01", "--interval", "7m", "--look-back", "9h")
        one.names["jira"] = "my-jira"
        service.control("POST", "tokens", {"kind": "classic", "permission": True})
        one.collect("jira")
        service.control("POST", "tokens", {"token": "brand-new-token", "kind": "classic"})
        service.control("POST", "tokens", {"kind": "classic", "revoked": True})
        assert one.collect("jira", expect=1)["failure"] == "token refused"
        assert one.state("jira")["state"] == "failing"
        write(service.token("classic"), b"brand-new-token")
        one.connect("jira")
        assert one.names["jira"] == "my-jira"
        service.add("jira", 3)
        said = one.collect("jira")
        assert said["stored"] == 3, said
        one.exact("jira")
        state = one.state("jira")
        assert state["state"] == "healthy" and state["interval_s"] == 420 and state["look_back_s"] == 32400, state


def test_a_second_source_of_the_same_events_needs_a_word_and_stays_out_of_views(folder):
    with Asking(folder) as (one, service):
        one.connect("bitbucket-dc")
        one.collect("bitbucket-dc")
        lines = service.ask("/_stand_in/file_lines", port="control", source="bitbucket-dc").body
        os.makedirs("audit")
        alone = lines.splitlines()[0].replace(b'"nano"', b'"nano":1,"was"')  # not one of the API's
        write("audit/20260101.00000.audit.log", lines, alone, b"\n")
        args = ["folder", "--table", "bitbucket", "--path", os.path.abspath("audit"), "--node", "n1"]
        result = one.run("connect", *args)
        assert result.status == 2 and "--also" in result.err and "bitbucket-dc-example" in result.err, result
        assert one.run("connect", "--json", *args).status == 2
        result = one.run("connect", "--json", *args, "--also")
        assert result.status == 0 and json.loads(result.out)["secondary"], result
        name = json.loads(result.out)["name"]
        assert one.run("collect", "--once", name).status == 0
        rows = one.sql("select secondary, count(*) n from bitbucket_audit_logs group by 1 order by 1")
        assert rows == [{"secondary": False, "n": 40}, {"secondary": True, "n": 41}], rows
        assert one.count("events") == 40, "the view shows events of the second source"
        found = one.run("search", "--raw", "--limit", "0", "*").out.splitlines()
        assert len(found) == 40, len(found)
        assert len(one.run("search", "--raw", "--limit", "0", "--secondary", "*").out.splitlines()) == 81
        # What the second one has read first is the first one's all the same.
        service.add("bitbucket-dc", 5)
        write("audit/20260101.00000.audit.log", lines, alone, b"\n", service.ask("/_stand_in/file_lines", port="control",
                                                                               source="bitbucket-dc").body)
        assert one.run("collect", "--once", name).status == 0
        assert one.collect("bitbucket-dc")["stored"] == 5
        assert one.count("events") == 45
        assert "second source" in one.run("sources").out.decode()


def test_times_and_a_schema_of_ones_own(folder):
    with Asking(folder, "--days", "30", events="600") as (one, service):
        schema = write("mine.yml", b"extend: jira_audit_logs\nonly: [summary, author_key]\n")
        more = ("--history", "-3d", "--interval", "5m", "--look-back", "90m", "--token-expires", "2031-05-06", "--schema", schema)
        one.connect("jira", *more, "--api-token-file", write("wrong", b"x"), expect=1)
        assert not os.path.exists(os.path.join(one.data, "schemas", "jira_audit_logs.yml")), "kept, though nothing was saved"
        one.connect("jira", *more)
        state = one.state("jira")
        assert state["interval_s"] == 300 and state["look_back_s"] == 5400 and state["token_expires"].startswith("2031-05-06"), state
        one.collect("jira")
        oldest = one.value("select min(epoch_ms(event_time)) t from jira_audit_logs")
        limit = service.now() - 3 * 86_400_000
        within = [t for t in service.truth("jira") if t["time"] >= limit]
        assert oldest >= limit - 60_000 and one.count("jira_audit_logs") == len(within) < 600, (oldest - limit, len(within))
        assert one.state("jira")["history_done"]
        columns = [r["column_name"] for r in one.sql("describe jira_audit_logs")]
        assert "summary" in columns and "object_item_parent_name" not in columns, columns


@slow
def test_history_may_be_wanted_from_an_earlier_time_later(folder):
    with Asking(folder, "--days", "30", events="600") as (one, service):
        oldest = 0
        for more in (("--history", "-1d"), ("--history", "-9d"), ("--history", "1970-01-01"), ()):
            one.connect("jira", *more)
            one.collect("jira")
            before, oldest = oldest, one.count("jira_audit_logs")
            assert oldest > before or more in ((), ("--history", "1970-01-01")), (more, oldest, before)
            assert one.state("jira")["history_done"], more
            mark = service.mark()
            one.collect("jira")
            assert len(service.asked(mark, "jira")) <= 4, ("the history is read again and again", more, service.asked(mark, "jira"))
        one.exact("jira")
