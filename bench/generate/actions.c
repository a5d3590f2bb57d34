/* SPDX-License-Identifier: Apache-2.0 */
/*
 * actions.c: what happens in each product, how often, and in which words. Keys are those that the
 * products write; weights are out of 65,536 and the first row gets the rest.
 */
#include "stream.h"

#define BB_USER     "bitbucket.service.user.audit.action."
#define BB_PROJECT  "bitbucket.service.project.audit.action."
#define BB_REPO     "bitbucket.service.repository.audit.action."
#define BB_CATEGORY "bitbucket.service.audit.category."
#define LOCAL       "LOCAL_CONFIG_AND_ADMINISTRATION"
#define GLOBAL      "GLOBAL_CONFIG_AND_ADMINISTRATION"

/* clang-format off */
static const struct action bitbucket_rows[] = {
	{0, ROLE_ACCESS, OBJECT_REPO, CHANGE_NONE, EXTRA_TARGET, false, "Repository accessed by user", BB_REPO "repositoryaccessed", "END_USER_ACTIVITY", "Repositories", BB_CATEGORY "repositories", "BASE"},
	{9000, ROLE_LOGIN, OBJECT_NONE, CHANGE_NONE, EXTRA_LOGIN, false, "User logged in", BB_USER "authenticationsuccess", "SECURITY", "Authentication", BB_CATEGORY "authentication", "FULL"},
	{900, ROLE_LOGIN_FAILED, OBJECT_NONE, CHANGE_NONE, EXTRA_LOGIN, false, "User login failed", BB_USER "authenticationfailure", "SECURITY", "Authentication", BB_CATEGORY "authentication", "ADVANCED"},
	{2500, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_TARGET, false, "User logged out", "bitbucket.web.audit.action.logoutsuccess", "SECURITY", "Authentication", BB_CATEGORY "authentication", "FULL"},
	{700, ROLE_NONE, OBJECT_REPO, CHANGE_PROJECT, EXTRA_DETAILS, false, "Repository changed", BB_REPO "repositorymodified", LOCAL, "Repositories", BB_CATEGORY "repositories", "BASE"},
	{700, ROLE_NONE, OBJECT_REPO, CHANGE_NONE, EXTRA_TARGET, false, "Repository change requested", BB_REPO "repositorymodificationrequested", LOCAL, "Repositories", BB_CATEGORY "repositories", "BASE"},
	{260, ROLE_NONE, OBJECT_REPO, CHANGE_NONE, EXTRA_TARGET, false, "Repository created", BB_REPO "repositorycreated", LOCAL, "Repositories", BB_CATEGORY "repositories", "BASE"},
	{60, ROLE_NONE, OBJECT_REPO, CHANGE_NONE, EXTRA_TARGET, false, "Repository deleted", BB_REPO "repositorydeleted", LOCAL, "Repositories", BB_CATEGORY "repositories", "BASE"},
	{120, ROLE_NONE, OBJECT_PROJECT, CHANGE_PROJECT, EXTRA_DETAILS, false, "Project settings changed", BB_PROJECT "projectmodified", LOCAL, "Projects", BB_CATEGORY "projects", "BASE"},
	{40, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_TARGET, false, "Project created", BB_PROJECT "projectcreated", LOCAL, "Projects", BB_CATEGORY "projects", "BASE"},
	{12, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_TARGET, false, "Project deletion requested", BB_PROJECT "projectdeletionrequested", LOCAL, "Projects", BB_CATEGORY "projects", "BASE"},
	{10, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_TARGET, false, "Project deleted", BB_PROJECT "projectdeleted", LOCAL, "Projects", BB_CATEGORY "projects", "BASE"},
	{260, ROLE_NONE, OBJECT_REPO, CHANGE_PERMISSION, EXTRA_DETAILS, false, "Repository permission granted", BB_USER "repositorypermissiongranted", "PERMISSIONS", "Permissions", BB_CATEGORY "permissions", "BASE"},
	{110, ROLE_NONE, OBJECT_PROJECT, CHANGE_PERMISSION, EXTRA_DETAILS, false, "Project permission granted", BB_USER "projectpermissiongranted", "PERMISSIONS", "Permissions", BB_CATEGORY "permissions", "BASE"},
	{14, ROLE_GRANT, OBJECT_USER, CHANGE_PERMISSION, EXTRA_DETAILS, false, "Global permission granted", BB_USER "globalpermissiongranted", "PERMISSIONS", "Permissions", BB_CATEGORY "permissions", "BASE"},
	{14, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_DETAILS, false, "Global permission requested", BB_USER "globalpermissiongrantrequested", "PERMISSIONS", "Permissions", BB_CATEGORY "permissions", "BASE"},
	{90, ROLE_NONE, OBJECT_MEMBER, CHANGE_NONE, EXTRA_TARGET, false, "User added to group", BB_USER "groupmembershipscreated.user", "USER_MANAGEMENT", "Users and groups", BB_CATEGORY "usersandgroups", "BASE"},
	{60, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_TARGET, false, "User created", BB_USER "usercreated", "USER_MANAGEMENT", "Users and groups", BB_CATEGORY "usersandgroups", "BASE"},
	{40, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_TARGET, false, "User credential updated", BB_USER "usercredentialupdated", "USER_MANAGEMENT", "Users and groups", BB_CATEGORY "usersandgroups", "BASE"},
	{150, ROLE_TOKEN, OBJECT_NONE, CHANGE_NONE, EXTRA_TOKEN, false, "Personal access token created", "bitbucket.access.tokens.audit.action.accesstokencreated.personal", "SECURITY", "Access tokens", "bitbucket.access.tokens.audit.category.accesstokens", "ADVANCED"},
	{40, ROLE_NONE, OBJECT_REPO, CHANGE_NONE, EXTRA_TOKEN, false, "Repository access token created", "bitbucket.access.tokens.audit.action.accesstokencreated.repository", "SECURITY", "Access tokens", "bitbucket.access.tokens.audit.category.accesstokens", "ADVANCED"},
	{120, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_TARGET, false, "SSH key created", "bitbucket.ssh.audit.action.sshkeycreated", "SECURITY", "SSH keys", "bitbucket.ssh.audit.category.sshkeys", "ADVANCED"},
	{8, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, true, "Plugin enabled", "bitbucket.service.plugin.audit.action.pluginenabled", "ECOSYSTEM", "Apps", BB_CATEGORY "apps", "BASE"},
	{500, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_SEARCH, false, "Audit Log search performed", "atlassian.audit.event.action.audit.search", "AUDIT_LOG", "Auditing", "atlassian.audit.event.category.audit", "BASE"},
	{4, ROLE_AUDIT, OBJECT_NONE, CHANGE_COVERAGE, EXTRA_NONE, false, "Audit log configuration updated", "atlassian.audit.event.action.audit.config.updated", "AUDIT_LOG", "Auditing", "atlassian.audit.event.category.audit", "BASE"},
};

#define JIRA "jira.auditing."
#define JIRA_CATEGORY "jira.auditing.category."
static const struct action jira_rows[] = {
	{0, ROLE_LOGIN, OBJECT_NONE, CHANGE_NONE, EXTRA_LOGIN, false, "User logged in", JIRA "user.logged.in", "SECURITY", "user management", JIRA_CATEGORY "usermanagement", "FULL"},
	{1800, ROLE_LOGIN_FAILED, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "User login failed", JIRA "user.login.failed", "SECURITY", "user management", JIRA_CATEGORY "usermanagement", "FULL"},
	{6000, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "User logged out", JIRA "user.logged.out", "SECURITY", "user management", JIRA_CATEGORY "usermanagement", "FULL"},
	{9000, ROLE_NONE, OBJECT_USER, CHANGE_ACTIVE, EXTRA_NONE, false, "User updated", JIRA "user.updated", "USER_MANAGEMENT", "user management", JIRA_CATEGORY "usermanagement", "BASE"},
	{2500, ROLE_NONE, OBJECT_USER, CHANGE_USER, EXTRA_NONE, false, "User created", JIRA "user.created", "USER_MANAGEMENT", "user management", JIRA_CATEGORY "usermanagement", "BASE"},
	{900, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "User's password changed", JIRA "user.password.changed", "USER_MANAGEMENT", "user management", JIRA_CATEGORY "usermanagement", "BASE"},
	{9000, ROLE_NONE, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, false, "User added to group", JIRA "user.added.to.group", "USER_MANAGEMENT", "group management", JIRA_CATEGORY "groupmanagement", "BASE"},
	{3000, ROLE_NONE, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, false, "User removed from group", JIRA "user.removed.from.group", "USER_MANAGEMENT", "group management", JIRA_CATEGORY "groupmanagement", "BASE"},
	{400, ROLE_NONE, OBJECT_GROUP, CHANGE_NONE, EXTRA_NONE, false, "Group created", JIRA "group.created", "USER_MANAGEMENT", "group management", JIRA_CATEGORY "groupmanagement", "BASE"},
	{60, ROLE_GRANT, OBJECT_PERMISSIONS, CHANGE_PERMISSION, EXTRA_NONE, false, "Global permission added", JIRA "global.permission.added", "PERMISSIONS", "permissions", JIRA_CATEGORY "permissions", "BASE"},
	{2500, ROLE_NONE, OBJECT_SCHEME, CHANGE_FIELDS, EXTRA_NONE, false, "Permission scheme updated", JIRA "permission.scheme.updated", "PERMISSIONS", "permissions", JIRA_CATEGORY "permissions", "BASE"},
	{3000, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "Project roles changed", JIRA "project.roles.changed", "PERMISSIONS", "projects", JIRA_CATEGORY "projects", "BASE"},
	{500, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "Project created", JIRA "project.created", LOCAL, "projects", JIRA_CATEGORY "projects", "BASE"},
	{80, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "Project deleted", JIRA "project.deleted", LOCAL, "projects", JIRA_CATEGORY "projects", "BASE"},
	{3000, ROLE_NONE, OBJECT_WORKFLOW, CHANGE_STATUS, EXTRA_NONE, false, "Workflow created", JIRA "workflow.created", LOCAL, "workflows", JIRA_CATEGORY "workflows", "BASE"},
	{900, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "Websudo session started", JIRA "websudo.session.started", "SECURITY", "user management", JIRA_CATEGORY "usermanagement", "BASE"},
	{300, ROLE_TOKEN, OBJECT_NONE, CHANGE_NONE, EXTRA_TOKEN, false, "Personal access token created", "personal.access.tokens.audit.log.summary.token.created", "SECURITY", "security", "personal.access.tokens.audit.log.category.security", "BASE"},
	{900, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_SEARCH, false, "Audit Log search performed", "atlassian.audit.event.action.audit.search", "AUDIT_LOG", "Auditing", "atlassian.audit.event.category.audit", "BASE"},
	{6, ROLE_AUDIT, OBJECT_NONE, CHANGE_COVERAGE, EXTRA_NONE, false, "Audit log configuration updated", "atlassian.audit.event.action.audit.config.updated", "AUDIT_LOG", "Auditing", "atlassian.audit.event.category.audit", "BASE"},
};

#define CONF "audit.logging.summary."
#define CONF_CATEGORY "audit.logging.category."
static const struct action confluence_rows[] = {
	{0, ROLE_ACCESS, OBJECT_PAGE, CHANGE_NONE, EXTRA_QUERY, false, "Search performed", CONF "search.performed", "END_USER_ACTIVITY", "Search", CONF_CATEGORY "search", "FULL"},
	{8000, ROLE_LOGIN, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "User login successful", CONF "login.success", "SECURITY", "Authentication", CONF_CATEGORY "auth", "FULL"},
	{1200, ROLE_LOGIN_FAILED, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "User login failed", CONF "login.failed", "SECURITY", "Authentication", CONF_CATEGORY "auth", "FULL"},
	{6000, ROLE_NONE, OBJECT_PAGE, CHANGE_NONE, EXTRA_NONE, false, "Page created", CONF "page.created", "END_USER_ACTIVITY", "Pages", CONF_CATEGORY "page", "FULL"},
	{1500, ROLE_NONE, OBJECT_PAGE, CHANGE_NONE, EXTRA_NONE, false, "Page deleted", CONF "page.deleted", "END_USER_ACTIVITY", "Pages", CONF_CATEGORY "page", "BASE"},
	{2000, ROLE_NONE, OBJECT_SPACE, CHANGE_PERMISSION, EXTRA_NONE, false, "Space permission added", CONF "space.permission.added", "PERMISSIONS", "Permissions", CONF_CATEGORY "permissions", "BASE"},
	{400, ROLE_NONE, OBJECT_SPACE, CHANGE_SPACE, EXTRA_NONE, false, "Space created", CONF "space.created", LOCAL, "Spaces", CONF_CATEGORY "spaces", "BASE"},
	{40, ROLE_NONE, OBJECT_SPACE, CHANGE_NONE, EXTRA_NONE, false, "Space exported", CONF "space.export", "END_USER_ACTIVITY", "Import/export", CONF_CATEGORY "importexport", "ADVANCED"},
	{1500, ROLE_NONE, OBJECT_USER, CHANGE_USER, EXTRA_NONE, false, "User created", CONF "user.created", "USER_MANAGEMENT", "Users and groups", CONF_CATEGORY "user.management", "BASE"},
	{3000, ROLE_NONE, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, false, "User added to group", CONF "group.membership.added", "USER_MANAGEMENT", "Users and groups", CONF_CATEGORY "user.management", "BASE"},
	{30, ROLE_GRANT, OBJECT_PERMISSIONS, CHANGE_PERMISSION, EXTRA_NONE, false, "Global permission added", CONF "global.permission.added", "PERMISSIONS", "Permissions", CONF_CATEGORY "permissions", "BASE"},
	{60, ROLE_NONE, OBJECT_NONE, CHANGE_SPACE, EXTRA_NONE, false, "Global settings changed", CONF "global.settings.edited", GLOBAL, "Global Administration", CONF_CATEGORY "admin", "BASE"},
	{200, ROLE_TOKEN, OBJECT_NONE, CHANGE_NONE, EXTRA_TOKEN, false, "Personal access token created", "personal.access.tokens.audit.log.summary.token.created", "SECURITY", "Security", "personal.access.tokens.audit.log.category.security", "BASE"},
	{600, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_SEARCH, false, "Audit Log search performed", "atlassian.audit.event.action.audit.search", "AUDIT_LOG", "Auditing", "atlassian.audit.event.category.audit", "BASE"},
	{5, ROLE_AUDIT, OBJECT_NONE, CHANGE_COVERAGE, EXTRA_NONE, false, "Audit log configuration updated", "atlassian.audit.event.action.audit.config.updated", "AUDIT_LOG", "Auditing", "atlassian.audit.event.category.audit", "BASE"},
};

/* Cloud records have a summary and a category, no keys. */
static const struct action jira_cloud_rows[] = {
	{0, ROLE_ACCESS, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, false, "User added to group", "", "", "group management", "", ""},
	{9000, ROLE_NONE, OBJECT_USER, CHANGE_ACTIVE, EXTRA_NONE, true, "User updated", "", "", "user management", "", ""},
	{5000, ROLE_NONE, OBJECT_USER, CHANGE_USER, EXTRA_NONE, true, "User created", "", "", "user management", "", ""},
	{2000, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, true, "User's password changed", "", "", "user management", "", ""},
	{4000, ROLE_NONE, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, false, "User removed from group", "", "", "group management", "", ""},
	{800, ROLE_NONE, OBJECT_GROUP, CHANGE_NONE, EXTRA_NONE, false, "Group created", "", "", "group management", "", ""},
	{120, ROLE_GRANT, OBJECT_PERMISSIONS, CHANGE_PERMISSION, EXTRA_NONE, false, "Global permission added", "", "", "permissions", "", ""},
	{3000, ROLE_NONE, OBJECT_SCHEME, CHANGE_FIELDS, EXTRA_NONE, false, "Field Configuration scheme updated", "", "", "fields", "", ""},
	{2000, ROLE_NONE, OBJECT_SCHEME, CHANGE_FIELDS, EXTRA_NONE, false, "Permission scheme updated", "", "", "permissions", "", ""},
	{5000, ROLE_NONE, OBJECT_WORKFLOW, CHANGE_STATUS, EXTRA_NONE, false, "Workflow updated", "", "", "workflows", "", ""},
	{3000, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "Project component created", "", "", "projects", "", ""},
	{700, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "Project created", "", "", "projects", "", ""},
	{90, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "Project deleted", "", "", "projects", "", ""},
	{1500, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "Project roles changed", "", "", "projects", "", ""},
};

static const struct action confluence_cloud_rows[] = {
	{0, ROLE_ACCESS, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, true, "User added to group", "", "", "Users and groups", "", ""},
	{9000, ROLE_NONE, OBJECT_SPACE, CHANGE_PERMISSION, EXTRA_NONE, false, "Space permission added", "", "", "Permissions", "", ""},
	{6000, ROLE_NONE, OBJECT_SPACE, CHANGE_SPACE, EXTRA_NONE, false, "Space configuration updated", "", "", "Spaces", "", ""},
	{2500, ROLE_NONE, OBJECT_SPACE, CHANGE_SPACE, EXTRA_NONE, false, "Space created", "", "", "Spaces", "", ""},
	{3000, ROLE_NONE, OBJECT_SPACE, CHANGE_NONE, EXTRA_NONE, false, "Space logo uploaded", "", "", "Spaces", "", ""},
	{9000, ROLE_NONE, OBJECT_PAGE, CHANGE_STATUS, EXTRA_NONE, false, "Page archived", "", "", "Page", "", ""},
	{4000, ROLE_NONE, OBJECT_USER, CHANGE_USER, EXTRA_NONE, true, "User created", "", "", "Users and groups", "", ""},
	{5000, ROLE_NONE, OBJECT_USER, CHANGE_ACTIVE, EXTRA_NONE, true, "User details updated", "", "", "Users and groups", "", ""},
	{2000, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, true, "User deactivated", "", "", "Users and groups", "", ""},
	{800, ROLE_NONE, OBJECT_GROUP, CHANGE_NONE, EXTRA_NONE, true, "Group created", "", "", "Users and groups", "", ""},
	{60, ROLE_GRANT, OBJECT_GROUP, CHANGE_PERMISSION, EXTRA_NONE, false, "Global permission added", "", "", "Permissions", "", ""},
};

/* An organisation's events have a key for an action, and a text that says it in words. */
static const struct action org_rows[] = {
	{0, ROLE_ACCESS, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "jira_issue_viewed", "viewed a work item", "", "", "", ""},
	{14000, ROLE_LOGIN, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "user_login", "logged in", "", "", "", ""},
	{1500, ROLE_LOGIN_FAILED, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "user_login_failed", "failed to log in", "", "", "", ""},
	{5000, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "user_profile_viewed", "viewed a user profile", "", "", "", ""},
	{3000, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "organization_users_viewed", "viewed organization users", "", "", "", ""},
	{4000, ROLE_NONE, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, false, "user_added_to_group", "added a user to a group", "", "", "", ""},
	{2000, ROLE_NONE, OBJECT_MEMBER, CHANGE_NONE, EXTRA_NONE, false, "user_removed_from_group", "removed a user from a group", "", "", "", ""},
	{2500, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "user_invitation_sent", "invited somebody to the organization", "", "", "", ""},
	{3000, ROLE_NONE, OBJECT_SPACE, CHANGE_NONE, EXTRA_NONE, false, "confluence_added_space_permission", "added Confluence space permission", "", "", "", ""},
	{6000, ROLE_NONE, OBJECT_SPACE, CHANGE_NONE, EXTRA_NONE, true, "confluence_audit_record_removed_content_restriction", "removed content restriction", "", "", "", ""},
	{800, ROLE_TOKEN, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "api_token_created", "created an API token", "", "", "", ""},
	{300, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "marketplace_app_installed", "installed an app", "", "", "", ""},
	{60, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "user_logged_in_as_user", "logged in as another user", "", "", "", ""},
	{40, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "twosv_disabled_for_user", "disabled two-step verification", "", "", "", ""},
	{30, ROLE_GRANT, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "added_org_admin", "made somebody an organization admin", "", "", "", ""},
	{30, ROLE_NONE, OBJECT_GROUP, CHANGE_NONE, EXTRA_NONE, false, "group_granted_admin_access", "granted admin access to a group", "", "", "", ""},
	{40, ROLE_AUDIT, OBJECT_SCHEME, CHANGE_NONE, EXTRA_NONE, false, "org_settings_update", "updated AuthenticationPolicy", "", "", "", ""},
};

/* Detections: what was done, the alert's title, its subject, product and type. */
static const struct action alert_rows[] = {
	{0, ROLE_ACCESS, OBJECT_PAGE, CHANGE_NONE, EXTRA_NONE, false, "pages_crawled", "Suspicious page crawling", "confluence:page", "Confluence", "", "guard.detect.activity"},
	{9000, ROLE_NONE, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "suspicious_search", "Suspicious \\\"password\\\" search", "", "Confluence", "", "guard.detect.activity"},
	{8000, ROLE_TOKEN, OBJECT_NONE, CHANGE_NONE, EXTRA_NONE, false, "api_token_created", "User API token created", "", "Atlassian Administration", "", "guard.detect.access"},
	{6000, ROLE_NONE, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "user_logged_in_as_user", "User impersonated", "identity:user", "Atlassian Administration", "", "guard.detect.access"},
	{3000, ROLE_GRANT, OBJECT_USER, CHANGE_NONE, EXTRA_NONE, false, "added_org_admin", "Organization admin added", "identity:user", "Atlassian Administration", "", "guard.detect.access"},
	{4000, ROLE_NONE, OBJECT_PROJECT, CHANGE_NONE, EXTRA_NONE, false, "project_exported", "Many work items exported", "jira:project", "Jira", "", "guard.detect.exfiltration"},
	{5000, ROLE_NONE, OBJECT_PAGE, CHANGE_NONE, EXTRA_NONE, false, "content_scanned", "Credentials on a page \xe2\x80\x93 caf\xc3\xa9", "confluence:page", "Confluence", "", "guard.detect.content"},
	{1500, ROLE_AUDIT, OBJECT_SCHEME, CHANGE_NONE, EXTRA_NONE, false, "authentication_policy_updated", "Authentication policy changed", "platform:policy", "Atlassian Administration", "", "guard.detect.policy"},
};
/* clang-format on */

#define TABLE(name)                                                                                \
	const struct action_table name##_actions = {                                               \
		name##_rows, sizeof(name##_rows) / sizeof(name##_rows[0])}
TABLE(bitbucket);
TABLE(jira);
TABLE(confluence);
TABLE(jira_cloud);
TABLE(confluence_cloud);
TABLE(org);
TABLE(alert);
