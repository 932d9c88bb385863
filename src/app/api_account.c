/*
 * The own account: profile, password, address, sessions, second factor. What could lock somebody out of their
 * account, or open it to another, asks for the password again.
 *
 * Thread: of the pools, but for effects and what is API_ON_LOOP.
 */
#include "app/api.h"

#include "app/room_keeper.h"

#include <errno.h>
#include <string.h>

#define PASSWORD(name)                                                                                       \
	{                                                                                                    \
		name, API_TEXT, true, 4096                                                                   \
	}

static const char *own_id(const struct api_call *call)
{
	return call->login.account.id;
}

static const struct api_field password_fields[] = {PASSWORD("password"), {0}};

/* The password once more. */
static int check_again(struct api_call *call)
{
	return account_check_password(call->accounts, own_id(call), api_text(call, "password"));
}

static int answer_account(struct api_call *call, const struct account *a)
{
	return api_answer(call, 200, json_pack("{s:o}", "account", api_account(a)));
}

/* ---- profile ---- */

static int run_get(struct api_call *call)
{
	struct account a;
	int rc = account_get(call->accounts, own_id(call), &a);
	return rc ? rc : answer_account(call, &a);
}

static const struct api_field update_fields[] = {
	{"name", API_TEXT, false, 1024}, {"language", API_TEXT, false, 64}, {0}};

static int run_update(struct api_call *call)
{
	struct account a;
	int rc = account_update(call->accounts, own_id(call), api_text(call, "name"),
				api_text(call, "language"), &call->fault, &a);
	if (rc)
		return rc;
	call->effect = api_effect_forget;
	return answer_account(call, &a);
}

/* This session is over like all the others. */
static void end_everything(struct api_call *call)
{
	api_end_logins(call->service, own_id(call), NULL, NULL);
	room_keeper_owner_gone(call->service->keeper, own_id(call));
}

static int run_delete(struct api_call *call)
{
	int rc = check_again(call);
	if (rc == 0)
		rc = account_delete(call->accounts, own_id(call), own_id(call), &call->client, call->now_us);
	if (rc)
		return rc;
	call->cookie = API_COOKIE_CLEAR;
	call->effect = end_everything;
	return api_answer(call, 204, NULL);
}

static int run_export(struct api_call *call)
{
	int rc = account_export(call->accounts, own_id(call), call->now_us, &call->text);
	if (rc)
		return rc;
	call->status = 200;
	call->filename = "parley-account.json";
	return 0;
}

/* ---- password and address ---- */

static const struct api_field new_password_fields[] = {PASSWORD("old"), PASSWORD("new"), {0}};

static int run_password(struct api_call *call)
{
	int rc = account_set_password(call->accounts, own_id(call), call->login.session.id,
				      api_text(call, "old"), api_text(call, "new"), call->now_us,
				      &call->fault, call->token);
	if (rc)
		return rc;
	call->cookie = API_COOKIE_SET;
	call->effect = api_effect_end;
	return api_answer(call, 204, NULL);
}

static const struct api_field email_fields[] = {{"email", API_TEXT, true, 320}, PASSWORD("password"), {0}};

static int run_email(struct api_call *call)
{
	int rc = account_change_email(call->accounts, own_id(call), api_text(call, "email"),
				      api_text(call, "password"), call->now_us, &call->fault);
	return rc ? rc : api_answer(call, 202, json_object());
}

/* ---- sessions ---- */

struct listing {
	const struct api_call *call;
	json_t *list;
};

static int list_session(void *arg, const struct account_session *s)
{
	struct listing *l = arg;
	bool current = strcmp(s->id, l->call->login.session.id) == 0;
	json_t *row = json_pack("{s:s, s:o, s:o, s:s, s:s, s:b}", "id", s->id, "created",
				api_time(s->created_us), "seen", api_time(s->seen_us), "client",
				s->client.software, "address", s->client.address, "current", (int)current);
	return json_array_append_new(l->list, row) ? -ENOMEM : 0;
}

static int run_sessions(struct api_call *call)
{
	struct listing l = {.call = call, .list = json_array()};
	int rc = l.list ? account_sessions(call->accounts, own_id(call), call->now_us, list_session, &l)
			: -ENOMEM;
	if (rc) {
		json_decref(l.list);
		return rc;
	}
	return api_answer(call, 200, json_pack("{s:o}", "sessions", l.list));
}

static int run_sessions_end(struct api_call *call)
{
	int rc = account_signout_all(call->accounts, own_id(call), call->login.session.id);
	if (rc)
		return rc;
	call->effect = api_effect_end;
	return api_answer(call, 204, NULL);
}

static void end_one(struct api_call *call)
{
	api_end_logins(call->service, own_id(call), call->params[0], NULL);
}

static int run_session_end(struct api_call *call)
{
	int rc = account_signout(call->accounts, own_id(call), call->params[0]);
	if (rc)
		return rc;
	if (strcmp(call->params[0], call->login.session.id) == 0)
		call->cookie = API_COOKIE_CLEAR;
	call->effect = end_one;
	return api_answer(call, 204, NULL);
}

/* ---- second factor ---- */

static int run_totp_new(struct api_call *call)
{
	struct account_totp made;
	int rc = check_again(call);
	if (rc == 0 && call->login.account.totp)
		rc = ACCOUNT_E_STATE;
	if (rc == 0)
		rc = account_totp_new(call->accounts, &call->login.account, call->login.session.id,
				      call->now_us, &made);
	return rc ? rc
		  : api_answer(call, 200,
			       json_pack("{s:s, s:s, s:s}", "secret", made.secret, "ticket", made.ticket,
					 "uri", made.uri));
}

static int answer_codes(struct api_call *call, char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1])
{
	json_t *list = json_array();
	for (size_t i = 0; i < ACCOUNT_RECOVERY_CODES; i++) {
		if (json_array_append_new(list, json_string(codes[i]))) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	return api_answer(call, 200, json_pack("{s:o}", "recovery_codes", list));
}

static const struct api_field totp_fields[] = {
	{"ticket", API_TEXT, true, 256}, {"code", API_TEXT, true, 64}, {0}};

static int run_totp_on(struct api_call *call)
{
	char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];
	int rc = account_totp_on(call->accounts, own_id(call), call->login.session.id,
				 api_text(call, "ticket"), api_text(call, "code"), call->now_us, codes);
	if (rc)
		return rc;
	call->effect = api_effect_end;
	return answer_codes(call, codes);
}

static int run_totp_off(struct api_call *call)
{
	int rc = check_again(call);
	if (rc == 0)
		rc = account_totp_off(call->accounts, own_id(call), call->now_us);
	if (rc)
		return rc;
	call->effect = api_effect_forget;
	return api_answer(call, 204, NULL);
}

static int run_recovery_codes(struct api_call *call)
{
	char codes[ACCOUNT_RECOVERY_CODES][ACCOUNT_RECOVERY_LEN + 1];
	int rc = check_again(call);
	if (rc == 0)
		rc = account_recovery_codes(call->accounts, own_id(call), call->now_us, codes);
	if (rc)
		return rc;
	call->effect = api_effect_forget;
	return answer_codes(call, codes);
}

/* clang-format off */
static const struct api_route rows[] = {
	{.path = "/api/v1/account", .method = HTTP_M_GET, .who = API_SIGNED_IN, .scope = "account:read", .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_get},
	{.path = "/api/v1/account", .method = HTTP_M_PATCH, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .fields = update_fields, .run = run_update},
	{.path = "/api/v1/account", .method = HTTP_M_DELETE, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = password_fields, .run = run_delete},
	{.path = "/api/v1/account/export", .method = HTTP_M_GET, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_export},
	{.path = "/api/v1/account/password", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = new_password_fields, .run = run_password},
	{.path = "/api/v1/account/email", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = email_fields, .run = run_email},
	{.path = "/api/v1/account/sessions", .method = HTTP_M_GET, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_sessions},
	{.path = "/api/v1/account/sessions", .method = HTTP_M_DELETE, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_sessions_end},
	{.path = "/api/v1/account/sessions/{id}", .method = HTTP_M_DELETE, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_session_end},
	{.path = "/api/v1/account/totp", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = password_fields, .run = run_totp_new},
	{.path = "/api/v1/account/totp/confirm", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_SIGNIN, .fields = totp_fields, .run = run_totp_on},
	{.path = "/api/v1/account/totp", .method = HTTP_M_DELETE, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = password_fields, .run = run_totp_off},
	{.path = "/api/v1/account/recovery-codes", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = password_fields, .run = run_recovery_codes},
};
/* clang-format on */

const struct api_group api_account_group = API_GROUP(rows);
