/* SPDX-License-Identifier: Apache-2.0 */
/* tables_test.c: organisation events and alerts: what becomes of the shapes that they have, and what
 * makes two of them one. (The products' logs: decode_test.c and the end-to-end tests of values.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "decode/toy.h"

/* Rows, with ' for ": a record of a table, and what becomes of it, as toy_row shows it. */
static const struct {
	const char *what, *table, *record, *row;
} rows[] = {
	{"an event of a person", "org",
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:03:00.120Z',"
		"'processedAt':'2026-05-19T10:03:01Z','action':'added_space_permission',"
		"'actor':{'id':'712020:d','name':'Dana','email':'dana@example.com',"
		"'auth':{'authType':'session','tokenId':'t1','tokenLabel':'ci'},"
		"'onBehalfOf':{'id':'712020:e','name':'Eve','email':'eve@example.com'},"
		"'links':{'self':'x'}},'context':[{'id':'1','type':'sites',"
		"'attributes':{'siteName':'corp','siteHostName':'https://corp.example.com',"
		"'permissionName':'Add Pages'}},{'id':'2','type':'space',"
		"'attributes':{'name':'Sales','key':'S'},'links':{'alt':'y'}}],"
		"'container':[{'id':'3','type':'unit','attributes':{}}],"
		"'location':{'ip':'203.0.113.21','geo':'EU','countryName':'C',"
		"'regionName':'R','city':'T'}},"
		"'message':{'content':'Dana added a permission','format':'simple'},"
		"'links':{'self':'z'}}",
		"event_time=2026-05-19T10:03:00.120000Z|actor=Dana|actor_id=712020:d|"
		"action=added_space_permission|ip=203.0.113.21|"
		"ip_bytes=00000000000000000000ffffcb007115|target=Sales|target_type=space|"
		"summary=Dana added a permission|targets=[corp,Sales,3]|id=e1|type=events|"
		"processed_at=2026-05-19T10:03:01.000000Z|actor_account_id=712020:d|"
		"actor_name=Dana|actor_email=dana@example.com|actor_auth_type=session|"
		"actor_auth_token_id=t1|actor_auth_token_label=ci|"
		"actor_on_behalf_of_id=712020:e|actor_on_behalf_of_name=Eve|"
		"actor_on_behalf_of_email=eve@example.com|actor_links={'self':'x'}|"
		"location_ip=203.0.113.21|location_geo=EU|location_country_name=C|"
		"location_region_name=R|location_city=T|"
		"message_content=Dana added a permission|message_format=simple|"
		"links={'self':'z'}|context=[{id=1,type=sites,name=corp,"
		"site_host_name=https://corp.example.com,attributes={'siteName':'corp',"
		"'siteHostName':'https://corp.example.com','permissionName':'Add Pages'}},"
		"{id=2,type=space,name=Sales,attributes={'name':'Sales','key':'S'},"
		"links={'alt':'y'}}]|container=[{id=3,type=unit,attributes={}}]|!I"},
	{"an event of an app, without an address", "org",
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:23:46Z',"
		"'processedAt':'2026-05-19T10:23:47.000001Z','action':'x',"
		"'actor':{'id':'confluence','name':'Confluence','email':'Atlassian app',"
		"'picture':null,'links':{},'app':{'id':'a','type':'forge',"
		"'attributes':{'name':'n'}}},'context':[],'location':{'geo':''}}}",
		"event_time=2026-05-19T10:23:46.000000Z|actor=Confluence|actor_id=confluence|"
		"action=x|id=e1|type=events|processed_at=2026-05-19T10:23:47.000001Z|"
		"actor_account_id=confluence|actor_name=Confluence|actor_email=Atlassian app|"
		"actor_app_id=a|actor_app_type=forge|actor_app_attributes={'name':'n'}|"
		"actor_links={}|location_geo=|context=[]|!I"},
	{"an event with its keys in order", "org",
		"{'attributes':{'action':'x','processedAt':'2026-05-19T10:00:01Z',"
		"'time':'2026-05-19T10:00:00Z'},'id':'e1','type':'event'}",
		"event_time=2026-05-19T10:00:00.000000Z|action=x|id=e1|type=event|"
		"processed_at=2026-05-19T10:00:01.000000Z|!I"},
	{"an event without its own time", "org",
		"{'type':'events','id':'e1','attributes':{'processedAt':'2026-05-19T10:00:01Z"
		"'}}",
		"event_time=2026-05-19T10:00:01.000000Z|id=e1|type=events|"
		"processed_at=2026-05-19T10:00:01.000000Z|!I"},
	{"an event whose time is unreadable", "org",
		"{'type':'events','id':'e1','attributes':{'time':'soon',"
		"'processedAt':'2026-05-19T10:00:01Z'}}",
		"event_time=2026-05-19T10:00:01.000000Z|extra={'attributes.time':'soon'}|"
		"id=e1|type=events|processed_at=2026-05-19T10:00:01.000000Z|!I"},
	{"an event without a time", "org",
		"{'type':'events','id':'e1','attributes':{'action':'x'}}",
		"action=x|id=e1|type=events|!NI"},
	{"processed to the nanosecond", "org",
		"{'type':'events','id':'e1','attributes':{'processedAt':'2026-05-19T10:00:01."
		"123456789Z'}}",
		"event_time=2026-05-19T10:00:01.123456Z|"
		"extra={'attributes.processedAt':'2026-05-19T10:00:01.123456789Z'}|id=e1|"
		"type=events|processed_at=2026-05-19T10:00:01.123456Z|!I"},
	{"somebody without a name or an id, by mail", "org",
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:00Z',"
		"'context':[{'type':'invited-user',"
		"'attributes':{'email':'new@example.com'}}],'new':1}}",
		"event_time=2026-05-19T10:00:00.000000Z|target=new@example.com|"
		"target_type=invited-user|targets=[new@example.com]|"
		"extra={'attributes.new':1}|id=e1|type=events|context=[{type=invited-user,"
		"email=new@example.com,attributes={'email':'new@example.com'}}]|!I"},
	{"an alert of Guard Detect", "alerts",
		"{'alertDetailURL':'https://d/1','alertId':'a1','alertTitle':'Token created',"
		"'detectionTime':1780050685848,'type':'guard.alert',"
		"'activity':{'action':'token','subject':{'ari':'ari:1',"
		"'containerAri':'ari:2','ati':'confluence:page','x':1},"
		"'time':{'start':'2026-05-29T10:31:25.269207718Z','end':null}},"
		"'actor':{'accountId':'712020:a','name':'Ann','url':'https://u',"
		"'sessions':[{'ipAddress':'192.0.2.10','userAgent':'M',"
		"'loginTime':'2026-05-29T10:30:43.890Z',"
		"'lastActiveTime':'2026-05-29T10:30:44Z'},{'ipAddress':'2001:db8::1'}]},"
		"'alert':{'id':'k1','product':'Confluence','site':'corp.example.com',"
		"'title':'T','url':'https://d/2','created':'2026-05-29T10:31:26Z'},"
		"'workspace':{'id':'w','cloudId':'C1','orgId':'o'},'id':'hook-1',"
		"'timestamp':1780050686}",
		"event_time=2026-05-29T10:31:25.848000Z|instance=C1|actor=Ann|"
		"actor_id=712020:a|action=token|category=guard.alert|target=ari:1|"
		"target_type=confluence:page|summary=Token created|targets=[ari:1,"
		"corp.example.com]|extra={'activity.time.start':'2026-05-29T10:31:25.26920771"
		"8Z'}|alert_id=a1|title=Token created|url=https://d/1|type=guard.alert|"
		"activity_action=token|activity_start=2026-05-29T10:31:25.269207Z|"
		"activity_subject={'ari':'ari:1','containerAri':'ari:2',"
		"'ati':'confluence:page','x':1}|subject_ari=ari:1|"
		"subject_container_ari=ari:2|subject_ati=confluence:page|"
		"actor_account_id=712020:a|actor_name=Ann|actor_url=https://u|"
		"sessions=[{ip_address=192.0.2.10,user_agent=M,"
		"login_time=2026-05-29T10:30:43.890000Z,"
		"last_active_time=2026-05-29T10:30:44.000000Z},{ip_address=2001:db8::1}]|"
		"alert_product=Confluence|alert_site=corp.example.com|alert_key=k1|"
		"alert_title=T|alert_url=https://d/2|"
		"alert_created=2026-05-29T10:31:26.000000Z|workspace_id=w|"
		"workspace_cloud_id=C1|workspace_org_id=o|record_id=hook-1|"
		"reported_at=2026-05-29T10:31:26.000000Z|!I"},
	{"an alert without its detection", "alerts",
		"{'alertId':'a1','timestamp':1780050686,"
		"'alert':{'created':'2026-05-29T10:31:26Z'},'activity':{'subject':'a page'}}",
		"event_time=2026-05-29T10:31:26.000000Z|alert_id=a1|"
		"activity_subject='a page'|alert_created=2026-05-29T10:31:26.000000Z|"
		"reported_at=2026-05-29T10:31:26.000000Z|!I"},
	{"an alert of somebody else", "alerts",
		"{'id':7,'title':'Odd login','severity':'high','status':'open',"
		"'description':'d','source':'edr','category':'login',"
		"'created':'2026-05-29T10:31:26Z','host':'pc1','ip':'192.0.2.1','user':'ann',"
		"'alert':'yes'}",
		"event_time=2026-05-29T10:31:26.000000Z|category=login|ip=192.0.2.1|"
		"ip_bytes=00000000000000000000ffffc0000201|target=pc1|summary=Odd login|"
		"targets=[pc1]|extra={'user':'ann','alert':'yes'}|title=Odd login|"
		"record_id=7|reported_at=2026-05-29T10:31:26.000000Z|severity=high|"
		"state=open|description=d|reported_by=edr|remote_address=192.0.2.1|"
		"host_name=pc1|!"},
};

/* Decodes the record, whose quotes are single ones. */
static void decoded(
	const char *table, const char *instance, const char *record, bool keys, struct buf *out)
{
	struct decode_options options = {.source = "test", .instance = instance};
	struct buf text;
	buf_init(&text, 100000);
	for (; *record; record++)
		buf_push(&text, *record == '\'' ? '"' : *record);
	toy_lines(schema_find(table), &options, buf_view(&text), text.len, keys, out);
	buf_fini(&text);
}

static void becomes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out;
		buf_init(&out, 100000);
		decoded(rows[i].table, NULL, rows[i].record, false, &out);
		for (size_t k = 0; k < out.len; k++) {
			if (out.ptr[k] == '"')
				out.ptr[k] = '\'';
		}
		struct slice row = {out.ptr, out.len - 1};
		if (!slice_eq(row, slice_of(rows[i].row)))
			fail_msg("%s:\n%.*s\n--- wanted\n%s", rows[i].what, SLICE_ARG(row),
				rows[i].row);
		buf_fini(&out);
	}
}

static const struct {
	const char *what, *table, *instance, *a, *b;
	bool same;
} keys[] = {
	{"the id alone, instance known", "org", "o",
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:00Z',"
		"'action':'x'}}",
		"{'id':'e1','attributes':{'time':'2026-05-19T11:00:00Z','action':'y'}}", true},
	{"other ids, instance known", "org", "o",
		"{'type':'events','id':'e1','attributes':{'action':'x'}}",
		"{'id':'e2','attributes':{'action':'x'}}", false},
	{"the id and what is stable, instance unknown", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:00Z',"
		"'action':'x'}}",
		"{'id':'e1','attributes':{'time':'2026-05-19T10:00:00.000Z','action':'x'}}", true},
	{"another time", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:00Z'}}",
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:01Z'}}", false},
	{"another action", "org", NULL, "{'type':'events','id':'e1','attributes':{'action':'x'}}",
		"{'type':'events','id':'e1','attributes':{'action':'y'}}", false},
	{"another actor", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'actor':{'id':'1','name':'a'}}}",
		"{'type':'events','id':'e1','attributes':{'actor':{'id':'2','name':'a'}}}", false},
	{"an actor renamed", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'actor':{'id':'1','name':'a',"
		"'email':'a@x'}}}",
		"{'type':'events','id':'e1','attributes':{'actor':{'id':'1','name':'b',"
		"'email':'b@x'}}}",
		true},
	{"another address", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'location':{'ip':'192.0.2.1'}}}",
		"{'type':'events','id':'e1','attributes':{'location':{'ip':'192.0.2.2'}}}", false},
	{"another place of the address", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'location':{'ip':'192.0.2.1',"
		"'city':'a'}}}",
		"{'type':'events','id':'e1','attributes':{'location':{'ip':'192.0.2.1',"
		"'city':'b'}}}",
		true},
	{"processed once more, or unsaid", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:00Z',"
		"'processedAt':'2026-05-19T10:00:01Z'}}",
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:00Z'}}", true},
	{"which of the two times comes first", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'time':'2026-05-19T10:00:00Z',"
		"'processedAt':'2026-05-19T10:00:01Z'}}",
		"{'type':'events','id':'e1','attributes':{'processedAt':'2026-05-19T10:00:01Z"
		"','time':'2026-05-19T10:00:00Z'}}",
		true},
	{"processed only", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'processedAt':'2026-05-19T10:00:01Z"
		"'}}",
		"{'type':'events','id':'e1','attributes':{'processedAt':'2026-05-19T10:00:02Z"
		"'}}",
		false},
	{"another object", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'context':[{'id':'1','type':'t'}]}}",
		"{'type':'events','id':'e1','attributes':{'context':[{'id':'2','type':'t'}]}}",
		false},
	{"an object renamed", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'context':[{'id':'1',"
		"'attributes':{'name':'a'}}]}}",
		"{'type':'events','id':'e1','attributes':{'context':[{'attributes':{'name':'b"
		"','new':1},'id':'1'}]}}",
		true},
	{"other objects without ids", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'context':[{'attributes':{'name':'a"
		"'}}]}}",
		"{'type':'events','id':'e1','attributes':{'context':[{'attributes':{'name':'b"
		"'}}]}}",
		false},
	{"another container", "org", NULL,
		"{'type':'events','id':'e1','attributes':{'container':[{'id':'1'}]}}",
		"{'type':'events','id':'e1','attributes':{'container':[{'id':'2'}]}}", false},
	{"the text, where there is an id", "org", NULL, "{'id':'e1','message':{'content':'a'}}",
		"{'id':'e1','message':{'content':'b'}}", true},
	{"the text, where there is none", "org", NULL, "{'message':{'content':'a'}}",
		"{'message':{'content':'b'}}", false},
	{"the alert's id alone, its cloud known", "alerts", NULL,
		"{'alertId':'a','workspace':{'cloudId':'c'},'detectionTime':1,"
		"'alertTitle':'x'}",
		"{'alertId':'a','workspace':{'cloudId':'c'},'detectionTime':2,"
		"'alertTitle':'y'}",
		true},
	{"other clouds", "alerts", NULL, "{'alertId':'a','workspace':{'cloudId':'c'}}",
		"{'alertId':'a','workspace':{'cloudId':'d'}}", false},
	{"the instance that is named goes first", "alerts", "o",
		"{'alertId':'a','workspace':{'cloudId':'c'}}",
		"{'alertId':'a','workspace':{'cloudId':'d'}}", true},
	{"the alert's id and what is stable", "alerts", NULL,
		"{'alertId':'a','detectionTime':1,'alertTitle':'x','severity':'low'}",
		"{'alertId':'a','detectionTime':1,'alertTitle':'y','severity':'high'}", true},
	{"another time of detection", "alerts", NULL, "{'alertId':'a','detectionTime':1}",
		"{'alertId':'a','detectionTime':2}", false},
	{"another activity", "alerts", NULL, "{'alertId':'a','activity':{'action':'x'}}",
		"{'alertId':'a','activity':{'action':'y'}}", false},
	{"sent once more", "alerts", NULL,
		"{'alertId':'a','detectionTime':1,'id':'h1','timestamp':5}",
		"{'alertId':'a','detectionTime':1,'id':'h2','timestamp':6}", true},
	{"sessions", "alerts", NULL, "{'alertId':'a','actor':{'sessions':[]}}",
		"{'alertId':'a','actor':{'sessions':[{'ipAddress':'192.0.2.1'}]}}", true},
	{"titles, without an id", "alerts", NULL, "{'title':'x'}", "{'title':'y'}", false},
	{"another vendor's ids", "alerts", NULL, "{'title':'x','id':1}", "{'title':'x','id':2}",
		false},
};

static void identity(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct buf a, b;
		buf_init(&a, 100000);
		buf_init(&b, 100000);
		decoded(keys[i].table, keys[i].instance, keys[i].a, true, &a);
		decoded(keys[i].table, keys[i].instance, keys[i].b, true, &b);
		assert_true(a.len > 32 && b.len > 32);
		if ((memcmp(a.ptr, b.ptr, 32) == 0) != keys[i].same)
			fail_msg("%s: %s", keys[i].what, keys[i].same ? "differ" : "are the same");
		buf_fini(&a);
		buf_fini(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(becomes),
		cmocka_unit_test(identity),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
