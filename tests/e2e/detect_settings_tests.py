# SPDX-License-Identifier: Apache-2.0
"""rules/settings.yml: what it does, and the commands that edit it."""
import os

from detect_tests import Watched, event


def test_settings_switch_off_and_tune(folder):
    one = Watched(folder)
    one.rules("disable: [20000000-0000-4000-8000-000000000003]\nthresholds: {10000000-0000-4000-8000-000000000001: 4}\n", "settings.yml")
    one.take([event(n, "fail") for n in (1000, 1100, 1200)] + [event(10, "look")])
    assert one.ours() == []
    one.take([event(1300, "fail")])
    assert [a[5] for a in one.ours()] == [4]


def test_enable_disable_and_tune_edit_the_settings_and_nothing_else(folder):
    one = Watched(folder)
    path = os.path.join(one.data, "rules", "settings.yml")
    before = "# ours\ndisable: [20000000-0000-4000-8000-000000000003]  # noise\nfields:\n    UserName: actor\n"
    one.rules(before, "settings.yml")
    assert "disabled" in one.detect("disable", "fail").out.decode()
    assert open(path, "rb").read().decode() == before.replace("3]", "3, 20000000-0000-4000-8000-000000000000]")
    assert "disabled already" in one.detect("disable", "fail").out.decode()
    said = one.detect("enable", "--json", "fail", "It was look")
    assert [c["change"] for c in said["changes"]] == ["enabled", "enabled"], said
    assert open(path, "rb").read().decode() == before.replace("20000000-0000-4000-8000-000000000003", "")
    assert "threshold: 4, was 3" in one.detect("tune", "10000000-0000-4000-8000-000000000001", "threshold=4").out.decode()
    one.take([event(n, "fail") for n in (1000, 1100, 1200)])
    assert [a for a in one.ours() if a[1][0] == "1"] == []
    one.take([event(1300, "fail")])
    assert [a[5] for a in one.ours() if a[1][0] == "1"] == [4]
    kept = open(path, "rb").read()
    for words, why in ((("disable", "It was fial"), 'did you mean "It was fail"?'), (("enable", "nonsense"), "there is no rule"),
                       (("tune", "fail", "threshold=4"), "has no threshold"), (("disable",), "say which rules"),
                       (("tune", "10000000-0000-4000-8000-000000000001", "threshold=many"), "must be a number"),
                       (("tune", "10000000-0000-4000-8000-000000000001", "window=2h"), "what can be tuned"),
                       (("disable", "fail", "nonsense"), "there is no rule")):
        result = one.run("detect", *words)
        assert result.status == 2 and why in result.err, (words, result.status, result.err)
        assert open(path, "rb").read() == kept, words
    one.rules("disabled: []\n", "settings.yml")
    result = one.run("detect", "disable", "fail")
    assert result.status != 0 and "unknown key" in result.err and open(path, "rb").read() == b"disabled: []\n", result.err
    assert sorted(os.listdir(os.path.dirname(path))) == ["settings.yml", "test.yml"]
