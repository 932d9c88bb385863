/*
 * Other ways into the own account: passkeys for people, API tokens for programs. No API token may make or
 * take away either.
 *
 * Thread: of the pools, but for effects.
 */
#include "app/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER      8192 /* base64url of what an authenticator makes */
#define EXPIRES_MAX 3650 /* days */
#define SCOPES      4
#define DAY_US      (86400 * INT64_C(1000000))

static const char *own_id(const struct api_call *call)
{
	return call->login.account.id;
}

struct listing {
	json_t *list;
};

static int answer_list(struct api_call *call, const char *name, struct listing *l, int rc)
{
	if (rc) {
		json_decref(l->list);
		return rc;
	}
	return api_answer(call, 200, json_pack("{s:o}", name, l->list));
}

/* NULL where there is no such time: the field is left out. */
static json_t *time_or_none(int64_t us)
{
	return us ? api_time(us) : NULL;
}

/* ---- passkeys ---- */

static int list_passkey(void *arg, const struct account_passkey *p)
{
	struct listing *l = arg;
	json_t *row = json_pack("{s:s, s:s, s:o, s:o*}", "id", p->id, "name", p->name, "created",
				api_time(p->created_us), "used", time_or_none(p->used_us));
	return json_array_append_new(l->list, row) ? -ENOMEM : 0;
}

static int run_passkeys(struct api_call *call)
{
	struct listing l = {.list = json_array()};
	int rc = l.list ? account_passkeys(call->accounts, own_id(call), list_passkey, &l) : -ENOMEM;
	return answer_list(call, "passkeys", &l, rc);
}

static const struct api_field options_fields[] = {{"password", API_TEXT, true, 4096}, {0}};

static int run_options(struct api_call *call)
{
	char *options = NULL;
	int rc = account_check_password(call->accounts, own_id(call), api_text(call, "password"));
	if (rc == 0 && !call->passkeys)
		return api_problem(call, 409, "wrong_state", "passkeys need https and a name");
	if (rc == 0)
		rc = account_passkey_options(call->accounts, &call->login.account, call->now_us, &options);
	if (rc)
		return rc;
	json_t *json = json_loads(options, 0, NULL);
	free(options);
	return api_answer(call, 200, json ? json_pack("{s:o}", "publicKey", json) : NULL);
}

static const struct api_field passkey_fields[] = {
	{"name", API_TEXT, true, 1024},
	{"id", API_TEXT, true, BUFFER},
	{"client_data", API_TEXT, true, BUFFER},
	{"attestation_object", API_TEXT, true, 4 * BUFFER},
	{0},
};

static int run_passkey_add(struct api_call *call)
{
	const struct account_passkey_answer in = {
		.name = api_text(call, "name"),
		.id = api_text(call, "id"),
		.client_data = api_text(call, "client_data"),
		.attestation_object = api_text(call, "attestation_object"),
	};
	int rc = account_passkey_add(call->accounts, own_id(call), &in, call->origin, call->now_us,
				     &call->fault);
	if (rc == ACCOUNT_E_TOKEN)
		return api_problem(call, 410, "token_invalid", "this took too long; begin again");
	if (rc)
		return rc;
	call->effect = api_effect_forget;
	return api_answer(call, 201, json_object());
}

static int run_passkey_remove(struct api_call *call)
{
	int rc = account_passkey_remove(call->accounts, own_id(call), call->params[0]);
	if (rc)
		return rc;
	call->effect = api_effect_forget;
	return api_answer(call, 204, NULL);
}

/* ---- API tokens ---- */

static json_t *words_of(const char *text)
{
	json_t *list = json_array();
	while (list && *(text += strspn(text, " "))) {
		size_t n = strcspn(text, " ");
		if (json_array_append_new(list, json_stringn(text, n))) {
			json_decref(list);
			return NULL;
		}
		text += n;
	}
	return list;
}

/* @token: "" where it is not shown (any more). */
static json_t *token_json(const struct account_api_token *t, const char *token)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o*, s:o*, s:s*}", "id", t->id, "name", t->name, "scopes",
			 words_of(t->scopes), "created", api_time(t->created_us), "used",
			 time_or_none(t->used_us), "expires", time_or_none(t->expires_us), "token",
			 token[0] ? token : NULL);
}

static int list_token(void *arg, const struct account_api_token *t)
{
	struct listing *l = arg;
	return json_array_append_new(l->list, token_json(t, "")) ? -ENOMEM : 0;
}

static int run_tokens(struct api_call *call)
{
	struct listing l = {.list = json_array()};
	int rc = l.list ? account_api_tokens(call->accounts, own_id(call), list_token, &l) : -ENOMEM;
	return answer_list(call, "tokens", &l, rc);
}

static const struct api_field token_fields[] = {
	{"password", API_TEXT, true, 4096},
	{"name", API_TEXT, true, 1024},
	{"scopes", API_WORDS, true, SCOPES},
	{"expires_days", API_UINT, false, EXPIRES_MAX},
	{0},
};

/* A list becomes words of one text, which the account module reads. Return: 0; ACCOUNT_E_FIELD. */
static int join_scopes(struct api_call *call, char *out, size_t size)
{
	size_t i, used = 0;
	json_t *word;
	out[0] = '\0';
	json_array_foreach(json_object_get(call->body, "scopes"), i, word)
	{
		const char *text = json_string_value(word);
		if (strchr(text, ' ') || strlen(text) + 2 > size - used)
			return api_fault(call, "scopes", "There is no such scope.");
		used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "", text);
	}
	return 0;
}

static int run_token_add(struct api_call *call)
{
	struct account_api_token made;
	char token[ACCOUNT_API_TOKEN_LEN + 1], scopes[128];
	uint32_t days = api_uint(call, "expires_days", 0);
	if (days == 0 && json_object_get(call->body, "expires_days"))
		return api_fault(call, "expires_days", "At least one day.");
	int64_t expires_us = days ? call->now_us + days * DAY_US : 0;
	int rc = join_scopes(call, scopes, sizeof(scopes));
	if (rc == 0)
		rc = account_check_password(call->accounts, own_id(call), api_text(call, "password"));
	if (rc == 0)
		rc = account_api_token_add(call->accounts, &call->login.account, api_text(call, "name"),
					   scopes, expires_us, call->now_us, &call->fault, &made, token);
	return rc ? rc : api_answer(call, 201, token_json(&made, token));
}

/* Cached logins by tokens are known by the account alone. */
static int run_token_remove(struct api_call *call)
{
	int rc = account_api_token_remove(call->accounts, own_id(call), call->params[0]);
	if (rc)
		return rc;
	call->effect = api_effect_forget;
	return api_answer(call, 204, NULL);
}

/* clang-format off */
static const struct api_route rows[] = {
	{.path = "/api/v1/account/passkeys", .method = HTTP_M_GET, .who = API_SIGNED_IN, .scope = "account:read", .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_passkeys},
	{.path = "/api/v1/account/passkeys/options", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = options_fields, .run = run_options},
	{.path = "/api/v1/account/passkeys", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .fields = passkey_fields, .run = run_passkey_add},
	{.path = "/api/v1/account/passkeys/{id}", .method = HTTP_M_DELETE, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_passkey_remove},
	{.path = "/api/v1/account/tokens", .method = HTTP_M_GET, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_tokens},
	{.path = "/api/v1/account/tokens", .method = HTTP_M_POST, .who = API_SIGNED_IN, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = token_fields, .run = run_token_add},
	{.path = "/api/v1/account/tokens/{id}", .method = HTTP_M_DELETE, .who = API_SIGNED_IN, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_token_remove},
};
/* clang-format on */

const struct api_group api_passkey_group = API_GROUP(rows);
