/* SPDX-License-Identifier: Apache-2.0 */
/* s3_error.c: refusals as one sentence that says what to do. Servers' own words are shown escaped and
 * short, and never where they repeat a secret. */
#include <stdlib.h>
#include <strings.h>

#include "base/base.h"
#include "net/credentials_private.h"
#include "net/s3_private.h"

static void keep(char *to, size_t size, struct slice text)
{
	size_t n = 0;
	for (size_t i = 0; i < text.len && n + 1 < size; i++) {
		char c = text.ptr[i];
		if (c > 0x20 && c < 0x7f)
			to[n++] = c;
	}
	to[n] = 0;
}

struct refusal {
	struct s3_end *end;
	struct buf *message;
};

static int take_element(void *ctx, const char *path, struct slice text, struct err *err)
{
	struct refusal *r = ctx;
	(void)err;
	if (strcmp(path, "Error/Code") == 0)
		keep(r->end->code, sizeof(r->end->code), text);
	else if (strcmp(path, "Error/Region") == 0)
		keep(r->end->region, sizeof(r->end->region), text);
	else if (strcmp(path, "Error/Message") == 0)
		text_escape(r->message, (struct slice){text.ptr, text.len < 300 ? text.len : 300});
	return 0;
}

void s3_read_refusal(struct s3 *s3, struct buf *message)
{
	struct refusal refusal = {&s3->end, message};
	struct err unheard;
	struct slice region = http_header(&s3->reply, "x-amz-bucket-region", 0);
	s3->end.code[0] = s3->end.region[0] = 0;
	buf_clear(message);
	if (s3->reply.body.len > 0 && s3->reply.body.ptr[0] == '<')
		net_xml_read(buf_view(&s3->reply.body), take_element, &refusal, &unheard);
	if (region.len)
		keep(s3->end.region, sizeof(s3->end.region), region);
}

/* Errors of requests without a body in the reply (HEAD), or from servers that do not explain. */
static const char *code_of_status(const struct s3_call *call, int status)
{
	switch (status) {
	case 301:
	case 307:
		return "PermanentRedirect";
	case 403:
		return "AccessDenied";
	case 412: /* of a condition; Swift says so too where it takes a request for one of its own */
		return call->doing == S3_READING && call->header_count ? "PreconditionFailed" : "";
	case 416:
		return "InvalidRange";
	default:
		return "";
	}
}

static int explain_access(struct s3 *s3, const struct s3_call *call, struct err *err)
{
	static const struct {
		const char *action, *on;
	} needs[] = {
		[S3_LISTING] = {"s3:ListBucket", ""},
		[S3_READING] = {"s3:GetObject", "/*"},
		[S3_WRITING] = {"s3:PutObject", "/*"},
		[S3_DELETING] = {"s3:DeleteObject", "/*"},
	};
	if (!s3->provider)
		return err_set(err, ERR_ACCESS,
			"bucket %s: it is not public, and no keys are given", s3->bucket);
	return err_set(err, ERR_ACCESS,
		"bucket %s: access denied: the policy of these keys (and of the bucket) must allow "
		"%s on "
		"arn:aws:s3:::%s%s",
		s3->bucket, needs[call->doing].action, s3->bucket, needs[call->doing].on);
}

static int explain_region(struct s3 *s3, struct err *err)
{
	if (s3->end.region[0] && strcmp(s3->end.region, s3->region) != 0)
		return err_set(err, ERR_USAGE,
			"bucket %s: the bucket is in %s: give that as region (%s was asked)",
			s3->bucket, s3->end.region, s3->region);
	return err_set(err, ERR_USAGE,
		"bucket %s: it is in another region than %s, or at another endpoint: the bucket's "
		"page in "
		"the console says where",
		s3->bucket, s3->region);
}

static int explain_clock(struct s3 *s3, struct err *err)
{
	struct slice date = http_header(&s3->reply, "date", 0);
	int64_t theirs = s3_time(date), ours = clock_now_us();
	int64_t minutes = (ours - theirs) / 60000000;
	if (theirs == 0 || minutes == 0)
		return err_set(err, ERR_ACCESS,
			"bucket %s: this machine's clock is wrong by more than 15 minutes: set it "
			"(NTP)",
			s3->bucket);
	return err_set(err, ERR_ACCESS,
		"bucket %s: this machine's clock is %lld minutes %s the server's: set it (NTP)",
		s3->bucket, (long long)llabs(minutes), minutes > 0 ? "ahead of" : "behind");
}

static const struct {
	const char *code;
	enum err_kind kind;
	const char *text;
} sentences[] = {
	{"NoSuchBucket", ERR_NOT_FOUND, "there is no such bucket at this endpoint"},
	{"NoSuchKey", ERR_NOT_FOUND, "there is no such object"},
	{"NoSuchUpload", ERR_NOT_FOUND, "the upload in parts was given up or removed meanwhile"},
	{"SignatureDoesNotMatch", ERR_ACCESS,
		"the signature is refused: the secret access key is wrong or does not belong to "
		"the "
		"access key id"},
	{"InvalidAccessKeyId", ERR_ACCESS,
		"the access key id is not known there: deleted, or of another "
		"provider"},
	{"ExpiredToken", ERR_ACCESS, "the temporary keys have expired: fetch new ones"},
	{"InvalidToken", ERR_ACCESS, "the session token is not valid, or belongs to other keys"},
	{"AccountProblem", ERR_ACCESS,
		"the provider says that there is a problem with the account"},
	{"AllAccessDisabled", ERR_ACCESS, "the bucket has been disabled"},
	{"InvalidObjectState", ERR_UNSUPPORTED,
		"the object is archived (Glacier): it must be restored before it can be read"},
	{"PreconditionFailed", ERR_BUSY, "the object was changed since it was listed"},
	{"InvalidRange", ERR_NOT_FOUND, "the object is shorter than where reading was to begin"},
	{"EntityTooLarge", ERR_LIMIT, "the object is larger than the server takes"},
	{"SlowDown", ERR_LIMIT, "the server asks for fewer requests"},
	{"KMS.DisabledException", ERR_ACCESS,
		"the key that the object is encrypted with is disabled"},
};

static bool is_any(const char *code, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

static int explain_other(struct s3 *s3, const struct buf *message, struct err *err)
{
	enum err_kind kind = s3->reply.status == 404   ? ERR_NOT_FOUND
			     : s3->reply.status == 403 ? ERR_ACCESS
						       : ERR_IO;
	bool say = message->len > 0 && !credentials_repeated(s3->provider, buf_view(message));
	if (!s3->end.code[0] && !s3->provider && s3->reply.status / 100 == 4)
		return err_set(err, kind == ERR_NOT_FOUND ? kind : ERR_ACCESS,
			"bucket %s: HTTP %d without an explanation, and no keys are given: is it "
			"public?",
			s3->bucket, s3->reply.status);
	if (!s3->end.code[0])
		return err_set(err, kind,
			"bucket %s: HTTP %d without an explanation: is this an S3 "
			"endpoint?",
			s3->bucket, s3->reply.status);
	return err_set(err, kind, "bucket %s: HTTP %d, %s%s%.*s", s3->bucket, s3->reply.status,
		s3->end.code, say ? ": " : "", say ? (int)message->len : 0,
		say ? message->ptr : "");
}

static int explain_code(
	struct s3 *s3, const struct s3_call *call, const struct buf *message, struct err *err)
{
	static const char *const access[] = {"AccessDenied", "Forbidden", "AllAccessDenied", NULL};
	static const char *const region[] = {"PermanentRedirect", "TemporaryRedirect", "Redirect",
		"AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
		"IncorrectEndpoint", NULL};
	const char *code = s3->end.code;
	/* A HEAD of a bucket elsewhere has no body: only the header tells. */
	bool elsewhere = s3->end.region[0] && strcmp(s3->end.region, s3->region) != 0 &&
			 (s3->reply.status == 301 || s3->reply.status == 400);
	if (is_any(code, region) || elsewhere)
		return explain_region(s3, err);
	if (is_any(code, access))
		return explain_access(s3, call, err);
	if (strcmp(code, "RequestTimeTooSkewed") == 0 || strcmp(code, "RequestExpired") == 0)
		return explain_clock(s3, err);
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (strcmp(code, sentences[i].code) == 0)
			return err_set(err, sentences[i].kind, "bucket %s: %s", s3->bucket,
				sentences[i].text);
	return explain_other(s3, message, err);
}

int s3_explain(struct s3 *s3, const struct s3_call *call, struct err *err)
{
	struct buf message;
	buf_init(&message, 4096);
	s3_read_refusal(s3, &message);
	if (!s3->end.code[0])
		keep(s3->end.code, sizeof(s3->end.code),
			slice_of(s3->reply.status == 404 && call->key.len && !s3->reply.body.len
					 ? "NoSuchKey"
					 : code_of_status(call, s3->reply.status)));
	int status = explain_code(s3, call, &message, err);
	buf_fini(&message);
	return status;
}
