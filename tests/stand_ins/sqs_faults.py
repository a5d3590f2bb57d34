# SPDX-License-Identifier: Apache-2.0
"""SQS that refuses, lies and throttles, for the tests of src/net/sqs.c: the queue's name says how. Part of
http_faults.py."""
import json

from s3_faults import late_clock

asked = {}


def header(request, name):
    return next((v for n, v in request.headers if n.lower() == name), "")


def error(code, message="x"):
    return json.dumps({"__type": "com.amazonaws.sqs#" + code, "message": message}).encode()


def message(i=0):
    return {"MessageId": f"id-{i}", "ReceiptHandle": f"receipt-{i}", "Body": "body \u00e9 \ud800 <&>",
            "Attributes": {"ApproximateReceiveCount": "3", "SentTimestamp": "1773065000500"}}


def page(*messages):
    return 200, json.dumps({"Messages": messages}).encode(), []


def first(name, times, refusal):
    """Refused so many times."""
    asked[name] = asked.get(name, 0) + 1
    return refusal if asked[name] <= times else page(message())


def refusal(request, queue):
    token = header(request, "x-amz-security-token")
    signature = header(request, "authorization")
    late, taken = late_clock(request)
    skewed = (403, error("InvalidSignatureException",
                         "Signature expired: 20260309T140000Z is now earlier than"), [("Date", late)])
    throttled = (400, error("RequestThrottled"), [])
    return {
        "fault-missing": lambda: (400, error("QueueDoesNotExist"), []),
        "fault-missing-old": lambda: (400, b"{}", [
            ("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender")]),
        "fault-denied": lambda: (403, error("AccessDeniedException"), []),
        "fault-signature": lambda: (403, error("InvalidSignatureException", "does not match"), []),
        "fault-skew": lambda: skewed,
        "fault-late-clock": lambda: page(message()) if taken else skewed,
        "fault-unknown-key": lambda: (403, error("UnrecognizedClientException"), []),
        "fault-kms": lambda: (400, error("KmsDisabled"), []),
        "fault-throttled": lambda: first("throttled", 2, throttled),
        "fault-throttled-always": lambda: throttled,
        "fault-busy": lambda: first("busy", 1, (503, b"", [])),
        "fault-expired": lambda: first("expired", 1, (403, error("ExpiredTokenException"), [])),
        "fault-echo": lambda: (400, error("Odd", f"you sent {token} and {signature}"), []),
        "fault-odd": lambda: (400, error("Odd", "strange \x1b[31mthings"), []),
        "fault-plain": lambda: (502, b"bad gateway", []),
        "fault-html": lambda: (200, b"<!DOCTYPE html><html><body>please log in</body></html>", []),
        "fault-xml": lambda: (200, b"<ReceiveMessageResponse/>", []),
        "fault-half": lambda: (200, page(message())[1][:-9], []),
        "fault-utf8": lambda: (200, b'{"Messages":[{"ReceiptHandle":"r","Body":"\xff"}]}', []),
        "fault-empty": lambda: (200, b"", []),
        "fault-list": lambda: (200, b"[]", []),
        "fault-type": lambda: (200, b'{"Messages":{}}', []),
        "fault-bodiless": lambda: page({"ReceiptHandle": "r"}),
        "fault-long-receipt": lambda: page(message() | {"ReceiptHandle": "r" * 5000}),
        "fault-many": lambda: page(*map(message, range(11))),
        "fault-huge": lambda: page(message() | {"Body": "b" * (33 << 20)}),
        "fault-good": lambda: page(message(), message(1)),
        "fault-stranger": lambda: (200, b'{"Successful":[{"Id":"7"}]}', []),
        "fault-partial": lambda: (200, b'{"Successful":[{"Id":"1"},{"Id":"1"}],'
                                       b'"Failed":[{"Id":"0","Code":"ReceiptHandleIsInvalid"}]}', []),
    }.get(queue)


def answer(request):
    """(status, body, headers) for a call of SQS; None for others."""
    if not header(request, "x-amz-target").startswith("AmazonSQS."):
        return None
    queue = json.loads(request.body)["QueueUrl"].rsplit("/", 1)[1]
    said = refusal(request, queue)
    return said() if said else None
