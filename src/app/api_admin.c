/*
 * Administration: users, rooms in use, the audit log. The settings are api_settings.c's. Whatever is changed
 * is noted in the audit log, by the account module in the same transaction, or here.
 *
 * Thread: of the pools, but for effects and prepare.
 */
#include "app/api.h"

#include "app/room_keeper.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define PAGE      50
#define PAGE_MAX  100
#define QUERY_MAX (ACCOUNT_EMAIL_MAX + 4)
#define ROOMS_MAX 1000 /* told at once */

static const struct account *actor(const struct api_call *call)
{
	return &call->login.account;
}

static json_t *user_json(const struct account *a)
{
	json_t *user = api_account(a);
	if (json_object_set_new(user, "disabled", json_boolean(a->disabled)) ||
	    (a->signed_in_us && json_object_set_new(user, "signed_in", api_time(a->signed_in_us)))) {
		json_decref(user);
		return NULL;
	}
	return user;
}

static int read_limit(struct api_call *call, uint32_t *limit)
{
	uint64_t n = PAGE;
	if (api_query_uint(call, "limit", 1, PAGE_MAX, &n))
		return api_fault(call, "limit", "A number from 1 to 100.");
	*limit = (uint32_t)n;
	return 0;
}

/* ---- users ---- */

static int list_user(void *arg, const struct account *a)
{
	return json_array_append_new(arg, user_json(a)) ? -ENOMEM : 0;
}

static int run_users(struct api_call *call)
{
	char text[QUERY_MAX], after[QUERY_MAX], next[QUERY_MAX];
	struct account_query q = {.text = text, .after = after};
	int rc = read_limit(call, &q.limit);
	if (rc)
		return rc;
	if (api_query(call, "q", text, sizeof(text)))
		return api_fault(call, "q", "This cannot be searched for.");
	if (api_query(call, "after", after, sizeof(after)))
		return api_fault(call, "after", "This is not what `next` was.");
	json_t *list = json_array();
	rc = list ? account_search(call->accounts, &q, list_user, list, next) : -ENOMEM;
	if (rc) {
		json_decref(list);
		return rc;
	}
	return api_answer(call, 200, json_pack("{s:o, s:s*}", "users", list, "next", next[0] ? next : NULL));
}

/* Return: 0; ACCOUNT_E_FIELD. */
static int read_role(struct api_call *call, enum account_role *role)
{
	const char *text = api_text(call, "role");
	if (text && account_role_parse(text, role))
		return api_fault(call, "role", "member or admin.");
	return 0;
}

static const struct api_field invite_fields[] = {
	{"email", API_TEXT, true, 320}, {"role", API_TEXT, false, 16}, {0}};

/* Nobody's mailbox is flooded, by admins either. */
static int prepare_invite(struct api_call *call)
{
	int rc = api_take(call, API_LIMIT_RESET, api_text(call, "email"));
	return rc ? rc : API_GO_ON;
}

static int run_invite(struct api_call *call)
{
	enum account_role role = ACCOUNT_MEMBER;
	int rc = read_role(call, &role);
	if (rc == 0)
		rc = account_invite(call->accounts, actor(call), api_text(call, "email"), role, &call->client,
				    call->now_us, &call->fault);
	return rc ? rc : api_answer(call, 202, json_object());
}

/* ---- one user ---- */

struct user_change {
	bool ended; /* their sessions have */
	int result; /* of what came after that */
};

/* Whose own account it is is signed out like anybody. */
static void end_subject(struct api_call *call)
{
	api_end_logins(call->service, call->subject, NULL, NULL);
}

static void take_subject(struct api_call *call, const struct account *a)
{
	memcpy(call->subject, a->id, sizeof(call->subject));
}

static void effect_user(struct api_call *call)
{
	const struct user_change *g = call->state;
	if (g->ended)
		end_subject(call);
	call->result = g->result;
}

static int set_role(struct api_call *call, const struct account *was, struct user_change *g)
{
	enum account_role role = was->role;
	int rc = read_role(call, &role);
	if (rc || role == was->role)
		return rc;
	rc = account_set_role(call->accounts, actor(call), was->id, role, &call->client, call->now_us);
	g->ended |= rc == 0;
	return rc;
}

static int set_disabled(struct api_call *call, const struct account *was, struct user_change *g)
{
	int disabled = api_bool(call, "disabled");
	if (disabled < 0 || was->disabled == (disabled == 1))
		return 0;
	int rc = account_set_disabled(call->accounts, actor(call), was->id, disabled == 1, &call->client,
				      call->now_us);
	g->ended |= rc == 0;
	return rc;
}

static const struct api_field user_fields[] = {{"role", API_TEXT, false, 16},
					       {"disabled", API_BOOL, false, 0},
					       {"two_factor", API_BOOL, false, 0},
					       {0}};

/* Only off: what is on is proved by its owner. */
static int end_two_factor(struct api_call *call, const struct account *was, struct user_change *g)
{
	int on = api_bool(call, "two_factor");
	if (on == 1)
		return api_fault(call, "two_factor", "Only its owner turns it on.");
	if (on < 0 || !was->totp)
		return 0;
	int rc = account_two_factor_off(call->accounts, actor(call), was->id, &call->client, call->now_us);
	g->ended |= rc == 0;
	return rc;
}

static int answer_user(struct api_call *call)
{
	struct account now;
	int rc = account_get(call->accounts, call->subject, &now);
	return rc ? rc : api_answer(call, 200, user_json(&now));
}

static int run_change(struct api_call *call)
{
	struct account was;
	struct user_change *g = mem_zalloc(sizeof(*g));
	call->state = g;
	int rc = g ? account_get(call->accounts, call->params[0], &was) : -ENOMEM;
	if (rc)
		return rc;
	take_subject(call, &was);
	rc = set_role(call, &was, g);
	if (rc == 0)
		rc = set_disabled(call, &was, g);
	if (rc == 0)
		rc = end_two_factor(call, &was, g);
	if (rc == 0)
		rc = answer_user(call);
	/* The first may have been done where the second was not. */
	g->result = rc;
	call->effect = effect_user;
	return 0;
}

static void effect_deleted(struct api_call *call)
{
	end_subject(call);
	room_keeper_owner_gone(call->service->keeper, call->subject);
}

static int run_delete(struct api_call *call)
{
	struct account was;
	int rc = account_get(call->accounts, call->params[0], &was);
	if (rc == 0)
		rc = account_delete(call->accounts, was.id, actor(call)->id, &call->client, call->now_us);
	if (rc)
		return rc;
	take_subject(call, &was);
	call->effect = effect_deleted;
	return api_answer(call, 204, NULL);
}

static int run_sign_out(struct api_call *call)
{
	struct account was;
	int rc = account_get(call->accounts, call->params[0], &was);
	if (rc == 0)
		rc = account_audit(call->accounts, actor(call), "user.sign-out", was.id, NULL, &call->client,
				   call->now_us);
	if (rc == 0)
		rc = account_signout_all(call->accounts, was.id, NULL);
	if (rc)
		return rc;
	take_subject(call, &was);
	call->effect = end_subject;
	return api_answer(call, 204, NULL);
}

/* ---- rooms in use ---- */

struct room_listing {
	json_t *list;
	size_t total;
	bool failed;
};

static void list_room(void *arg, const struct signal_room_view *r)
{
	struct room_listing *l = arg;
	if (r->members + r->waiting == 0 || l->failed)
		return;
	l->total++;
	if (json_array_size(l->list) >= ROOMS_MAX)
		return;
	json_t *row = json_pack("{s:s, s:s, s:s, s:i, s:i, s:o}", "id", r->id, "name", r->name, "owner",
				r->owner, "members", (int)r->members, "waiting", (int)r->waiting, "since",
				api_time((int64_t)r->since_ms * 1000));
	l->failed = json_array_append_new(l->list, row) != 0;
}

static int prepare_rooms(struct api_call *call)
{
	struct room_listing l = {.list = json_array()};
	signal_rooms(call->service->signal, list_room, &l);
	if (l.failed || !l.list) {
		json_decref(l.list);
		return -ENOMEM;
	}
	int rc = api_answer(call, 200, json_pack("{s:o, s:i}", "rooms", l.list, "total", (int)l.total));
	return rc ? rc : API_GO_ON;
}

/* An account's id says nothing to people: its address does. */
static int tell_owner(struct api_call *call, json_t *row)
{
	struct account owner;
	const char *id = json_string_value(json_object_get(row, "owner"));
	int rc = id[0] ? account_get(call->accounts, id, &owner) : ACCOUNT_E_UNKNOWN;
	if (rc < 0)
		return rc;
	return json_object_set_new(row, "owner", rc ? json_null() : json_string(owner.email)) ? -ENOMEM : 0;
}

static int run_rooms(struct api_call *call)
{
	size_t i;
	json_t *row;
	int rc = 0;
	json_array_foreach(json_object_get(call->out, "rooms"), i, row)
	{
		if (rc == 0)
			rc = tell_owner(call, row);
	}
	return rc;
}

static int read_room(const struct api_call *call, char id[SIGNAL_ROOM_ID_LEN + 1])
{
	struct signal_room_view v;
	if (signal_room_id_parse(call->params[0], id) || !signal_room_view(call->service->signal, id, &v))
		return ACCOUNT_E_UNKNOWN;
	return 0;
}

/* @params: from here on in the form that signalling knows. */
static int prepare_end(struct api_call *call)
{
	char id[SIGNAL_ROOM_ID_LEN + 1];
	_Static_assert(sizeof(id) <= API_PARAM_MAX, "place for an id");
	int rc = read_room(call, id);
	if (rc)
		return rc;
	memcpy(call->params[0], id, sizeof(id));
	return API_GO_ON;
}

/* -ENOENT: it has ended by itself. */
static void effect_end(struct api_call *call)
{
	struct service *s = call->service;
	if (signal_room_end(s->signal, call->params[0], SIGNAL_END_ADMIN, service_time(s)) == 0)
		service_arm_signal(s);
}

static int run_end(struct api_call *call)
{
	int rc = account_audit(call->accounts, actor(call), "room.end", call->params[0], NULL, &call->client,
			       call->now_us);
	if (rc)
		return rc;
	call->effect = effect_end;
	return api_answer(call, 204, NULL);
}

/* ---- the audit log ---- */

struct event_listing {
	json_t *list;
	int64_t last;
};

static int list_event(void *arg, const struct account_event *e)
{
	struct event_listing *l = arg;
	char id[24];
	(void)snprintf(id, sizeof(id), "%lld", (long long)e->id);
	l->last = e->id;
	json_t *row = json_pack("{s:s, s:o, s:s, s:s, s:s, s:s, s:s}", "id", id, "at", api_time(e->id),
				"actor", e->actor, "action", e->action, "target", e->target, "detail",
				e->detail, "address", e->address);
	return json_array_append_new(l->list, row) ? -ENOMEM : 0;
}

static int run_audit(struct api_call *call)
{
	struct event_listing l = {.list = NULL};
	char next[24];
	uint64_t before = 0;
	uint32_t limit;
	int rc = read_limit(call, &limit);
	if (rc)
		return rc;
	if (api_query_uint(call, "before", 1, INT64_MAX, &before))
		return api_fault(call, "before", "This is not what `next` was.");
	l.list = json_array();
	rc = l.list ? account_audit_log(call->accounts, (int64_t)before, limit, list_event, &l) : -ENOMEM;
	if (rc) {
		json_decref(l.list);
		return rc;
	}
	(void)snprintf(next, sizeof(next), "%lld", (long long)l.last);
	bool more = json_array_size(l.list) == limit;
	return api_answer(call, 200, json_pack("{s:o, s:s*}", "events", l.list, "next", more ? next : NULL));
}

/* clang-format off */
static const struct api_route rows[] = {
	{.path = "/api/v1/admin/users", .method = HTTP_M_GET, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_users},
	{.path = "/api/v1/admin/users/invite", .method = HTTP_M_POST, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .fields = invite_fields, .prepare = prepare_invite, .run = run_invite},
	{.path = "/api/v1/admin/users/{id}", .method = HTTP_M_PATCH, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .fields = user_fields, .run = run_change},
	{.path = "/api/v1/admin/users/{id}", .method = HTTP_M_DELETE, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_delete},
	{.path = "/api/v1/admin/users/{id}/sign-out", .method = HTTP_M_POST, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_sign_out},
	{.path = "/api/v1/admin/rooms", .method = HTTP_M_GET, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_READ, .prepare = prepare_rooms, .run = run_rooms},
	{.path = "/api/v1/admin/rooms/{id}/end", .method = HTTP_M_POST, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .prepare = prepare_end, .run = run_end},
	{.path = "/api/v1/admin/audit", .method = HTTP_M_GET, .who = API_ADMIN, .scope = "admin", .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_audit},
};
/* clang-format on */

const struct api_group api_admin_group = API_GROUP(rows);
