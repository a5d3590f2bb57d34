# SPDX-License-Identifier: Apache-2.0
"""What hands out credentials in a cloud, for the tests of src/net/credentials.c: EC2's metadata
service (version 2), the container endpoint of ECS and EKS, and STS. Part of http_faults.py."""
import json
import time
import urllib.parse

EC2_TOKEN = "session-of-the-metadata-service"
CONTAINER_TOKEN = "container-authorization"


def later(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def keys(who, seconds=3600):
    return {"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIA" + who.upper(),
            "SecretAccessKey": "CANARY-secret-of-" + who, "Token": "CANARY-token-of-" + who,
            "Expiration": later(seconds)}


def header(request, name):
    return next((v for n, v in request.headers if n.lower() == name), "")


def metadata(request):
    if request.path == "/latest/api/token":
        ok = request.method == "PUT" and header(request, "x-aws-ec2-metadata-token-ttl-seconds")
        return (200, EC2_TOKEN.encode()) if ok else (400, b"")
    if header(request, "x-aws-ec2-metadata-token") != EC2_TOKEN:
        return 401, b"Unauthorized"
    if request.path == "/latest/meta-data/iam/security-credentials/":
        return 200, b"my-role\n"
    if request.path == "/latest/meta-data/iam/security-credentials/my-role":
        return 200, json.dumps(keys("instance"), indent=1).encode()
    return 404, b"no such thing"


def container(request):
    """/container/SECONDS: keys that live so long."""
    if header(request, "authorization") != CONTAINER_TOKEN:
        return 403, b"forbidden"
    return 200, json.dumps(keys("container", int(request.parts[1]))).encode()


def sts(request):
    asked = dict(urllib.parse.parse_qsl(request.body.decode()))
    action, arn = asked.get("Action", ""), asked.get("RoleArn", "")

    def refused(code, text):
        return 403, (f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
                     f"<Message>{text}</Message></Error></ErrorResponse>").encode()
    if action == "AssumeRole":
        if "Credential=AKIASOURCE/" not in header(request, "authorization"):
            return refused("InvalidClientTokenId", "The security token included in the request is invalid.")
        if asked.get("ExternalId", "") != "ext 1+2/3":
            return refused("AccessDenied", f"not authorized to perform: sts:AssumeRole on {arn}")
        who = "assumed"
    elif action == "AssumeRoleWithWebIdentity":
        if asked.get("WebIdentityToken") != "CANARY-web-identity":
            return refused("InvalidIdentityToken", "bad token")
        who = "web"
    else:
        return refused("InvalidAction", "what?")
    k = keys(who)
    return 200, (f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
                 f"<{action}Result><Credentials><AccessKeyId>{k['AccessKeyId']}</AccessKeyId>"
                 f"<SecretAccessKey>{k['SecretAccessKey']}</SecretAccessKey>"
                 f"<SessionToken>{k['Token']}</SessionToken><Expiration>{k['Expiration']}</Expiration>"
                 f"</Credentials></{action}Result></{action}Response>").encode()


def answer(request):
    """(status, body) where the request is one of these, else None."""
    if request.parts[0] == "latest":
        return metadata(request)
    if request.parts[0] == "container":
        return container(request)
    if request.method == "POST" and b"Action=" in request.body:
        return sts(request)
    return None
