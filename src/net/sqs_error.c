/* SPDX-License-Identifier: Apache-2.0 */
/* sqs_error.c: a queue's refusals as one sentence that says what to do. */
#include <stdlib.h>

#include "base/base.h"
#include "json/json.h"
#include "net/credentials_private.h"
#include "net/sqs_private.h"

enum { CODE_MOST = 80, MESSAGE_MOST = 300 };

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.';
}

/* "com.amazonaws.sqs#QueueDoesNotExist" and "QueueDoesNotExist:http://…" hold the same code. */
static void keep_code(char code[CODE_MOST], struct slice text)
{
	const char *hash = text.len ? memchr(text.ptr, '#', text.len) : NULL;
	size_t n = 0, from = hash ? (size_t)(hash - text.ptr) + 1 : 0;
	while (from < text.len && n + 1 < CODE_MOST && is_word(text.ptr[from]))
		code[n++] = text.ptr[from++];
	code[n] = 0;
}

void sqs_read_refusal(const struct http_reply *reply, char code[CODE_MOST], struct buf *message)
{
	struct slice json = buf_view(&reply->body);
	struct buf text;
	buf_init(&text, HTTP_ERROR_BODY);
	code[0] = 0;
	if (json_find_text(json, "__type", &text) || json_find_text(json, "code", &text))
		keep_code(code, buf_view(&text));
	/* Servers of the older protocol, and errors of what stands before the queue. */
	if (!code[0])
		keep_code(code, http_header(reply, "x-amzn-errortype", 0));
	if (!code[0])
		keep_code(code, http_header(reply, "x-amzn-query-error", 0));
	if (message &&
		(json_find_text(json, "message", &text) || json_find_text(json, "Message", &text)))
		text_escape(message, (struct slice){text.ptr,
					     text.len < MESSAGE_MOST ? text.len : MESSAGE_MOST});
	buf_fini(&text);
}

static bool any_of(const char *code, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(code, *list) == 0)
			return true;
	return false;
}

bool sqs_is_throttled(const struct http_reply *reply)
{
	static const char *const codes[] = {"RequestThrottled", "Throttling", "ThrottlingException",
		"ThrottledException", "RequestThrottledException", "RequestLimitExceeded",
		"TooManyRequestsException", "KmsThrottled", "OverLimit",
		"AWS.SimpleQueueService.RequestThrottled", "AWS.SimpleQueueService.OverLimit",
		NULL};
	char code[CODE_MOST];
	sqs_read_refusal(reply, code, NULL);
	return any_of(code, codes);
}

static const struct {
	const char *code;
	enum err_kind kind;
	const char *text;
} sentences[] = {
	{"QueueDoesNotExist", ERR_NOT_FOUND,
		"there is no such queue there: look at account, region and name in its URL"},
	{"QueueDeletedRecently", ERR_NOT_FOUND, "the queue has just been deleted"},
	{"SignatureDoesNotMatch", ERR_ACCESS,
		"the signature is refused: the secret access key is wrong or does not belong to "
		"the access key id"},
	{"InvalidClientTokenId", ERR_ACCESS,
		"the access key id or the session token is not known there: deleted, or of another "
		"provider"},
	{"ExpiredToken", ERR_ACCESS, "the temporary keys have expired: fetch new ones"},
	{"MissingAuthenticationToken", ERR_ACCESS, "it takes keys, and none are given"},
	{"OptInRequired", ERR_ACCESS, "the account is not signed up for SQS"},
	{"RequestThrottled", ERR_LIMIT, "the server asks for fewer requests"},
	{"OverLimit", ERR_LIMIT,
		"too many messages are out and not deleted (120,000 at most): another reader takes "
		"them and does not delete them"},
	{"InvalidAddress", ERR_USAGE, "this is no URL of a queue"},
	{"InvalidSecurity", ERR_USAGE,
		"the queue is asked for by http://, and takes https:// only"},
	{"ReceiptHandleIsInvalid", ERR_USAGE, "a receipt is not one of this queue"},
	{"UnsupportedOperation", ERR_UNSUPPORTED, "it does not know this call"},
	{"InvalidAction", ERR_UNSUPPORTED, "it does not know this call: is this an SQS endpoint?"},
};

/* Other names of the same. */
static const struct {
	const char *code, *same;
} synonyms[] = {
	{"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"},
	{"NonExistentQueue", "QueueDoesNotExist"},
	{"AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"},
	{"InvalidSignatureException", "SignatureDoesNotMatch"},
	{"UnrecognizedClientException", "InvalidClientTokenId"},
	{"InvalidAccessKeyId", "InvalidClientTokenId"},
	{"ExpiredTokenException", "ExpiredToken"},
	{"MissingAuthenticationTokenException", "MissingAuthenticationToken"},
	{"UnsupportedOperationException", "UnsupportedOperation"},
	{"UnknownOperationException", "UnsupportedOperation"},
};

static const char *common_name(const struct http_reply *reply, const char *code)
{
	for (size_t i = 0; i < sizeof(synonyms) / sizeof(synonyms[0]); i++)
		if (strcmp(code, synonyms[i].code) == 0)
			return synonyms[i].same;
	if (strcmp(code, "OverLimit") != 0 &&
		strcmp(code, "AWS.SimpleQueueService.OverLimit") != 0 && sqs_is_throttled(reply))
		return "RequestThrottled";
	return strncmp(code, "AWS.SimpleQueueService.", 23) == 0 ? code + 23 : code;
}

static int explain_access(struct sqs *sqs, const char *action, struct err *err)
{
	const char *allowed = strstr(action, "Visibility") ? "ChangeMessageVisibility"
			      : strstr(action, "Delete")   ? "DeleteMessage"
							   : action;
	if (!sqs->provider)
		return err_set(err, ERR_ACCESS, "queue %s: it is not public, and no keys are given",
			sqs->name);
	return err_set(err, ERR_ACCESS,
		"queue %s: access denied: the policy of these keys (and of the queue) must allow "
		"sqs:%s on it",
		sqs->name, allowed);
}

/* SQS has no code of its own for a wrong clock: its words tell. */
static int explain_clock(struct sqs *sqs, struct err *err)
{
	int64_t theirs = retry_date(http_header(&sqs->reply, "date", 0), 0);
	int64_t minutes = theirs ? (clock_now_us() - theirs) / 60000000 : 0;
	if (minutes == 0)
		return err_set(err, ERR_ACCESS,
			"queue %s: this machine's clock is wrong: set it (NTP)", sqs->name);
	return err_set(err, ERR_ACCESS,
		"queue %s: this machine's clock is %lld minutes %s the server's: set it (NTP)",
		sqs->name, (long long)llabs(minutes), minutes > 0 ? "ahead of" : "behind");
}

bool sqs_is_early_or_late(const struct http_reply *reply, char code[CODE_MOST])
{
	static const char *const always[] = {"RequestExpired", "RequestTimeTooSkewed", NULL};
	static const char *const by_words[] = {
		"InvalidSignatureException", "SignatureDoesNotMatch", NULL};
	static const char *const words[] = {"Signature expired", "Signature not yet current"};
	struct buf message;
	bool found;
	buf_init(&message, 4096);
	sqs_read_refusal(reply, code, &message);
	found = any_of(code, always);
	for (size_t i = 0; i < 2 && message.len && any_of(code, by_words); i++)
		found |= memmem(message.ptr, message.len, words[i], strlen(words[i])) != NULL;
	buf_fini(&message);
	return found;
}

static int explain_other(
	struct sqs *sqs, const char *code, const struct buf *message, struct err *err)
{
	int status = sqs->reply.status;
	enum err_kind kind = status == 404 ? ERR_NOT_FOUND : status == 403 ? ERR_ACCESS : ERR_IO;
	bool say = message->len > 0 && !credentials_repeated(sqs->provider, buf_view(message));
	if (!code[0])
		return err_set(err, kind,
			"queue %s: HTTP %d without an explanation: is this an SQS endpoint?",
			sqs->name, status);
	return err_set(err, kind, "queue %s: HTTP %d, %s%s%.*s", sqs->name, status, code,
		say ? ": " : "", say ? (int)message->len : 0, say ? message->ptr : "");
}

static int explain_code(
	struct sqs *sqs, const char *action, const struct buf *message, struct err *err)
{
	static const char *const access[] = {"AccessDenied", "AccessDeniedException",
		"KmsAccessDenied", "AuthorizationError", NULL};
	char raw[CODE_MOST];
	const char *code = common_name(&sqs->reply, sqs->end.code);
	if (any_of(code, access))
		return explain_access(sqs, action, err);
	if (sqs_is_early_or_late(&sqs->reply, raw))
		return explain_clock(sqs, err);
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (strcmp(code, sentences[i].code) == 0)
			return err_set(err, sentences[i].kind, "queue %s: %s", sqs->name,
				sentences[i].text);
	if (strncmp(code, "Kms", 3) == 0)
		return err_set(err, ERR_ACCESS,
			"queue %s: the key that its messages are encrypted with cannot be used "
			"(%s)",
			sqs->name, code);
	return explain_other(sqs, sqs->end.code, message, err);
}

int sqs_explain(struct sqs *sqs, const char *action, struct err *err)
{
	struct buf message;
	buf_init(&message, 4096);
	sqs_read_refusal(&sqs->reply, sqs->end.code, &message);
	int status = explain_code(sqs, action, &message, err);
	buf_fini(&message);
	return status;
}
