/*
 * Signing up, in and out, forgotten passwords, links from mails. What is the same whether an address is known
 * or not is so in the account module; nothing here looks at what it did.
 *
 * Thread: of the pools, but for effects and what is API_ON_LOOP.
 */
#include "app/api.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define EMAIL                                                                                                \
	{                                                                                                    \
		"email", API_TEXT, true, 320                                                                 \
	}
#define PASSWORD                                                                                             \
	{                                                                                                    \
		"password", API_TEXT, true, 4096                                                             \
	}
#define NAME                                                                                                 \
	{                                                                                                    \
		"name", API_TEXT, true, 1024                                                                 \
	}
#define TOKEN                                                                                                \
	{                                                                                                    \
		"token", API_TEXT, true, 256                                                                 \
	}
#define BUFFER 8192 /* base64url of what an authenticator makes */

static int answer_empty(struct api_call *call, int status)
{
	return api_answer(call, status, json_object());
}

static int answer_email(struct api_call *call, const struct account *a)
{
	return api_answer(call, 200, json_pack("{s:s}", "email", a->email));
}

/* ---- signing up ---- */

static void read_signup(const struct api_call *call, struct account_signup *in)
{
	*in = (struct account_signup){
		.name = api_text(call, "name"),
		.email = api_text(call, "email"),
		.password = api_text(call, "password"),
		.language = api_text(call, "language"),
		.invite = api_text(call, "invite"),
	};
}

static const struct api_field signup_fields[] = {
	NAME, EMAIL, PASSWORD, {"language", API_TEXT, false, 64}, {"invite", API_TEXT, false, 256}, {0},
};

static int run_signup(struct api_call *call)
{
	struct account_signup in;
	enum account_signup_mode mode = (enum account_signup_mode)call->settings.signup;
	read_signup(call, &in);
	int rc = account_signup(call->accounts, &in, mode, call->now_us, &call->fault);
	if (rc == ACCOUNT_E_CLOSED && mode == ACCOUNT_SIGNUP_INVITE)
		return api_problem(call, 403, "invite_needed", "a new account needs an invitation");
	return rc ? rc : answer_empty(call, 202);
}

static const struct api_field token_fields[] = {TOKEN, {0}};

static int run_email_confirm(struct api_call *call)
{
	struct account a;
	int rc = account_confirm_email(call->accounts, api_text(call, "token"), call->now_us, &a);
	if (rc)
		return rc;
	memcpy(call->subject, a.id, sizeof(call->subject));
	call->effect = api_effect_forget;
	return answer_email(call, &a);
}

/* ---- signing in ---- */

/* Who was signed in here before is signed in no more: one browser, one session. */
static void end_former(struct api_call *call)
{
	api_end_logins(call->service, call->subject, (const char *)call->state, NULL);
}

static int end_session(struct api_call *call, const struct account_login *former)
{
	call->state = mem_strdup(former->session.id);
	if (!call->state)
		return -ENOMEM;
	int rc = account_signout(call->accounts, former->account.id, former->session.id);
	return rc == ACCOUNT_E_UNKNOWN ? 0 : rc;
}

/* Where this fails the new session is there all the same, and what it took (a code, a link) is used up: to
 * refuse it now would help nobody. The browser forgets the former one with its cookie; it ends by itself. */
static void leave_former(struct api_call *call, const struct account_login *former)
{
	if (former->session.id[0] == '\0')
		return;
	int rc = end_session(call, former);
	if (rc) {
		log_warn("a session that another has replaced goes on until it expires error=%s",
			 strerror(-rc));
		return;
	}
	memcpy(call->subject, former->account.id, sizeof(call->subject));
	call->effect = end_former;
}

static int signed_in(struct api_call *call, const struct account_login *now)
{
	leave_former(call, &call->login);
	call->cookie = API_COOKIE_SET;
	return api_answer(call, 200, json_pack("{s:o}", "account", api_account(&now->account)));
}

static const struct api_field confirm_fields[] = {TOKEN, PASSWORD, {0}};

static int run_confirm(struct api_call *call)
{
	struct account_login login;
	int rc = account_confirm(call->accounts, api_text(call, "token"), api_text(call, "password"),
				 &call->client, call->now_us, &login, call->token);
	return rc ? rc : signed_in(call, &login);
}

static const struct api_field setup_fields[] = {
	TOKEN, NAME, EMAIL, PASSWORD, {"language", API_TEXT, false, 64}, {0}};

static int run_setup(struct api_call *call)
{
	struct account_signup in;
	struct account made;
	struct account_login login;
	read_signup(call, &in);
	int rc = account_setup(call->accounts, api_text(call, "token"), &in, call->now_us, &call->fault,
			       &made);
	if (rc)
		return rc;
	const struct account_signin signin = {.email = made.email, .password = in.password};
	rc = account_signin(call->accounts, &signin, &call->client, call->now_us, &login, call->token);
	return rc ? rc : signed_in(call, &login);
}

static const struct api_field signin_fields[] = {EMAIL, PASSWORD, {"code", API_TEXT, false, 64}, {0}};

static int run_signin(struct api_call *call)
{
	struct account_login login;
	const struct account_signin in = {
		.email = api_text(call, "email"),
		.password = api_text(call, "password"),
		.code = api_text(call, "code"),
	};
	int rc = account_signin(call->accounts, &in, &call->client, call->now_us, &login, call->token);
	return rc ? rc : signed_in(call, &login);
}

static int run_passkey_options(struct api_call *call)
{
	char *options = NULL;
	if (!call->passkeys)
		return api_problem(call, 409, "wrong_state", "passkeys need https and a name");
	int rc = account_passkey_signin_options(call->accounts, call->now_us, &options);
	if (rc)
		return rc;
	json_t *json = json_loads(options, 0, NULL);
	free(options);
	return api_answer(call, 200, json ? json_pack("{s:o}", "publicKey", json) : NULL);
}

static const struct api_field passkey_fields[] = {
	{"id", API_TEXT, true, BUFFER},
	{"client_data", API_TEXT, true, BUFFER},
	{"authenticator_data", API_TEXT, true, BUFFER},
	{"signature", API_TEXT, true, BUFFER},
	{"user_handle", API_TEXT, true, 256},
	{0},
};

static int run_passkey(struct api_call *call)
{
	struct account_login login;
	const struct account_passkey_answer in = {
		.id = api_text(call, "id"),
		.client_data = api_text(call, "client_data"),
		.authenticator_data = api_text(call, "authenticator_data"),
		.signature = api_text(call, "signature"),
		.user_handle = api_text(call, "user_handle"),
	};
	int rc = account_passkey_signin(call->accounts, &in, call->origin, &call->client, call->now_us,
					&login, call->token);
	/* What has not even the form of an answer is no better than a wrong one. */
	if (rc == ACCOUNT_E_FIELD)
		rc = ACCOUNT_E_CREDENTIALS;
	return rc ? rc : signed_in(call, &login);
}

/* ---- the session ---- */

static json_t *session_json(const struct account_session *s)
{
	return json_pack("{s:s, s:o, s:o}", "id", s->id, "created", api_time(s->created_us), "expires",
			 api_time(s->expires_us));
}

static int run_session(struct api_call *call)
{
	const struct account_login *l = &call->login;
	if (l->account.id[0] == '\0')
		return api_answer(call, 200, json_pack("{s:n}", "account"));
	return api_answer(call, 200,
			  json_pack("{s:o, s:o*}", "account", api_account(&l->account), "session",
				    l->session.id[0] ? session_json(&l->session) : NULL));
}

static void end_this(struct api_call *call)
{
	if (call->login.session.id[0])
		api_end_logins(call->service, call->login.account.id, call->login.session.id, NULL);
}

/* Also for whose session is over already: what they want is that it is. */
static int run_signout(struct api_call *call)
{
	const struct account_login *l = &call->login;
	int rc = l->session.id[0] ? account_signout(call->accounts, l->account.id, l->session.id) : 0;
	if (rc && rc != ACCOUNT_E_UNKNOWN)
		return rc;
	call->cookie = API_COOKIE_CLEAR;
	call->effect = end_this;
	return api_answer(call, 204, NULL);
}

/* ---- forgotten passwords ---- */

static const struct api_field forgot_fields[] = {EMAIL, {0}};

static int run_forgot(struct api_call *call)
{
	int rc = account_forgot(call->accounts, api_text(call, "email"), call->now_us, &call->fault);
	return rc ? rc : answer_empty(call, 202);
}

static void end_all_of_subject(struct api_call *call)
{
	api_end_logins(call->service, call->subject, NULL, NULL);
}

static const struct api_field reset_fields[] = {TOKEN, PASSWORD, {0}};

static int run_reset(struct api_call *call)
{
	int rc = account_reset(call->accounts, api_text(call, "token"), api_text(call, "password"),
			       &call->client, call->now_us, &call->fault, call->subject);
	if (rc)
		return rc;
	call->effect = end_all_of_subject;
	return api_answer(call, 204, NULL);
}

/* clang-format off */
static const struct api_route rows[] = {
	{.path = "/api/v1/signup", .method = HTTP_M_POST, .where = API_ON_HASH, .limit = API_LIMIT_SIGNUP, .fields = signup_fields, .run = run_signup},
	{.path = "/api/v1/confirm", .method = HTTP_M_POST, .who = API_ANYBODY, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = confirm_fields, .signs_in = true, .run = run_confirm},
	{.path = "/api/v1/setup", .method = HTTP_M_POST, .who = API_ANYBODY, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = setup_fields, .signs_in = true, .run = run_setup},
	{.path = "/api/v1/session", .method = HTTP_M_GET, .who = API_ANYBODY, .scope = "account:read", .where = API_ON_LOOP, .limit = API_LIMIT_READ, .run = run_session},
	{.path = "/api/v1/session", .method = HTTP_M_POST, .who = API_ANYBODY, .where = API_ON_HASH, .limit = API_LIMIT_SIGNIN, .fields = signin_fields, .signs_in = true, .run = run_signin},
	{.path = "/api/v1/session", .method = HTTP_M_DELETE, .who = API_ANYBODY, .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_signout},
	{.path = "/api/v1/session/passkey/options", .method = HTTP_M_POST, .where = API_ON_DB, .limit = API_LIMIT_SIGNIN, .run = run_passkey_options},
	{.path = "/api/v1/session/passkey", .method = HTTP_M_POST, .who = API_ANYBODY, .where = API_ON_DB, .limit = API_LIMIT_SIGNIN, .fields = passkey_fields, .signs_in = true, .run = run_passkey},
	{.path = "/api/v1/password/forgot", .method = HTTP_M_POST, .where = API_ON_DB, .limit = API_LIMIT_RESET, .fields = forgot_fields, .run = run_forgot},
	{.path = "/api/v1/password/reset", .method = HTTP_M_POST, .where = API_ON_HASH, .limit = API_LIMIT_RESET, .fields = reset_fields, .run = run_reset},
	{.path = "/api/v1/email/confirm", .method = HTTP_M_POST, .where = API_ON_DB, .limit = API_LIMIT_RESET, .fields = token_fields, .run = run_email_confirm},
};
/* clang-format on */

const struct api_group api_session_group = API_GROUP(rows);
