/*
 * Rooms: for one call, which signalling alone knows, and lasting ones of a member, which are the database's.
 * The way in is api_enter.c's.
 *
 * Thread: of the pools, but for effects, prepare and what is API_ON_LOOP.
 */
#include "app/api_room.h"

#include "app/room_keeper.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

#define NAME_FIELD(required)                                                                                 \
	{                                                                                                    \
		"name", API_TEXT, required, 1024                                                             \
	}
#define PASSWORD_FIELD                                                                                       \
	{                                                                                                    \
		"password", API_TEXT, false, 4096                                                            \
	}

struct room_state {
	char id[SIGNAL_ROOM_ID_LEN + 1];
	struct account_room room; /* as it is now */
};

static const char *own_id(const struct api_call *call)
{
	return call->login.account.id;
}

/* @out: ROOM_URL_MAX. Return: the path in it. */
static const char *url_of(const struct api_call *call, const char *id, char *out)
{
	/* Without a public URL and under a name that may be anybody's, only the path is sure. */
	(void)snprintf(out, API_ROOM_URL_MAX, "%s/r/%s", call->self, id);
	return out + strlen(call->self);
}

static json_t *room_json(const struct api_call *call, const struct account_room *r)
{
	char url[API_ROOM_URL_MAX];
	(void)url_of(call, r->id, url);
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:o}", "id", r->id, "url", url, "name",
			 r->name, "knock", (int)r->knock, "guests", (int)r->guests, "locked", (int)r->locked,
			 "password", (int)r->password, "owner", strcmp(r->owner, own_id(call)) == 0,
			 "created", api_time(r->created_us));
}

static int add_location(struct api_call *call, const char *id)
{
	char url[API_ROOM_URL_MAX];
	call->location = mem_strdup(url_of(call, id, url));
	return call->location ? 0 : -ENOMEM;
}

/* rooms.create */
static int may_create(struct api_call *call)
{
	bool nobody = own_id(call)[0] == '\0';
	switch ((enum service_create)call->settings.create) {
	case SERVICE_CREATE_ANYONE:
		return 0;
	case SERVICE_CREATE_MEMBERS:
		return nobody ? api_problem(call, 401, "not_signed_in", "rooms are made by members") : 0;
	case SERVICE_CREATE_ADMINS:
		if (nobody)
			return api_problem(call, 401, "not_signed_in", "rooms are made by administrators");
		return call->login.account.role == ACCOUNT_ADMIN
			       ? 0
			       : api_problem(call, 403, "forbidden", "rooms are made by administrators");
	}
	return api_problem(call, 403, "forbidden", NULL);
}

static int no_place(struct api_call *call, int rc)
{
	log_warn("cannot make a room error=%s", strerror(-rc));
	if (rc != -ENOSPC)
		return rc;
	rc = api_problem(call, 503, "rooms_full", "there are as many rooms as there may be; try again later");
	call->problem.retry_s = API_ROOMS_FULL_RETRY_S;
	return rc;
}

int api_room_load(struct api_call *call, const struct account_room *r)
{
	int rc = room_keeper_load(call->service->keeper, r, false);
	return rc ? no_place(call, rc) : 0;
}

/* ---- for one call ---- */

/* Where it is not known who asks, nobody may. */
static int take_budget(struct api_call *call)
{
	struct service *s = call->service;
	uint8_t prefix[ADDR_PREFIX_BYTES];
	struct addr client;
	bool ok = addr_parse(&client, call->client.address, 443) == 0;
	if (ok) {
		addr_prefix(&client, prefix);
		ok = bucket_table_take(s->room_budget, prefix, sizeof(prefix), loop_now_ms(&s->loop));
	}
	if (ok)
		return 0;
	int rc = api_problem(call, 429, "too_many",
			     "too many rooms have been made from this address; try again in a minute");
	call->problem.retry_s = 60;
	return rc;
}

static int answer_created(struct api_call *call, const char *id)
{
	char url[API_ROOM_URL_MAX];
	(void)url_of(call, id, url);
	int rc = add_location(call, id);
	return rc ? rc : api_answer(call, 201, json_pack("{s:s, s:s}", "id", id, "url", url));
}

static const struct api_field create_fields[] = {{"knock", API_BOOL, false, 0}, {0}};

static int run_create(struct api_call *call)
{
	struct service *s = call->service;
	char id[SIGNAL_ROOM_ID_LEN + 1];
	int knock = api_bool(call, "knock");
	int rc = may_create(call);
	if (rc == 0)
		rc = take_budget(call);
	if (rc)
		return rc;
	rc = signal_room_create(s->signal, knock < 0 ? call->settings.knock : knock, service_time(s), id);
	if (rc)
		return no_place(call, rc);
	service_arm_signal(s);
	return answer_created(call, id);
}

/* ---- lasting ones ---- */

static struct account_room_change read_change(const struct api_call *call)
{
	return (struct account_room_change){
		.name = api_text(call, "name"),
		.password = api_text(call, "password"),
		.knock = api_bool(call, "knock"),
		.guests = api_bool(call, "guests"),
		.locked = api_bool(call, "locked"),
	};
}

static const struct api_field add_fields[] = {
	NAME_FIELD(true), {"knock", API_BOOL, false, 0}, {"guests", API_BOOL, false, 0}, PASSWORD_FIELD, {0}};

/* Only here it is known which ids are in use. */
static int prepare_add(struct api_call *call)
{
	struct room_state *st = mem_zalloc(sizeof(*st));
	call->state = st;
	int rc = st ? may_create(call) : -ENOMEM;
	if (rc == 0)
		rc = signal_room_id(call->service->signal, st->id);
	return rc ? rc : API_GO_ON;
}

static int run_add(struct api_call *call)
{
	struct room_state *st = call->state;
	struct account_room_change in = read_change(call);
	if (in.knock < 0)
		in.knock = call->settings.knock;
	int rc = account_room_add(call->accounts, own_id(call), st->id, &in, call->now_us, &call->fault,
				  &st->room);
	if (rc == ACCOUNT_E_TOO_MANY)
		return api_problem(call, 409, "too_many_rooms", "you have as many rooms as there may be");
	if (rc == 0)
		rc = add_location(call, st->id);
	if (rc)
		return rc;
	/* How many rooms they have is part of the account. */
	call->effect = api_effect_forget;
	return api_answer(call, 201, room_json(call, &st->room));
}

struct listing {
	const struct api_call *call;
	json_t *list;
};

static int list_room(void *arg, const struct account_room *r)
{
	struct listing *l = arg;
	return json_array_append_new(l->list, room_json(l->call, r)) ? -ENOMEM : 0;
}

static int run_list(struct api_call *call)
{
	struct listing l = {.call = call, .list = json_array()};
	int rc = l.list ? account_rooms(call->accounts, own_id(call), list_room, &l) : -ENOMEM;
	if (rc) {
		json_decref(l.list);
		return rc;
	}
	return api_answer(call, 200, json_pack("{s:o}", "rooms", l.list));
}

/* ---- one of them ---- */

/* As people type it. Return: 0; ACCOUNT_E_UNKNOWN. */
static int read_id(const struct api_call *call, char id[SIGNAL_ROOM_ID_LEN + 1])
{
	return signal_room_id_parse(call->params[0], id) ? ACCOUNT_E_UNKNOWN : 0;
}

static int run_get(struct api_call *call)
{
	char id[SIGNAL_ROOM_ID_LEN + 1];
	struct account_room room;
	int rc = read_id(call, id);
	if (rc == 0)
		rc = account_room_get(call->accounts, id, call->now_us, &room);
	if (rc == 0 && strcmp(room.owner, own_id(call)) != 0)
		rc = ACCOUNT_E_UNKNOWN;
	return rc ? rc : api_answer(call, 200, room_json(call, &room));
}

static const struct api_field update_fields[] = {
	NAME_FIELD(false),
	{"knock", API_BOOL, false, 0},
	{"guests", API_BOOL, false, 0},
	{"locked", API_BOOL, false, 0},
	PASSWORD_FIELD,
	{0},
};

static void effect_changed(struct api_call *call)
{
	const struct room_state *st = call->state;
	room_keeper_changed(call->service->keeper, &st->room, api_text(call, "password") != NULL);
}

static int run_update(struct api_call *call)
{
	const struct account_room_change in = read_change(call);
	struct room_state *st = mem_zalloc(sizeof(*st));
	call->state = st;
	int rc = st ? read_id(call, st->id) : -ENOMEM;
	if (rc == 0)
		rc = account_room_update(call->accounts, own_id(call), st->id, &in, &call->fault, &st->room);
	if (rc)
		return rc;
	call->effect = effect_changed;
	return api_answer(call, 200, room_json(call, &st->room));
}

static void effect_removed(struct api_call *call)
{
	const struct room_state *st = call->state;
	room_keeper_removed(call->service->keeper, st->id);
	api_effect_forget(call);
}

static int run_remove(struct api_call *call)
{
	struct room_state *st = mem_zalloc(sizeof(*st));
	call->state = st;
	int rc = st ? read_id(call, st->id) : -ENOMEM;
	if (rc == 0)
		rc = account_room_remove(call->accounts, own_id(call), st->id);
	if (rc)
		return rc;
	call->effect = effect_removed;
	return api_answer(call, 204, NULL);
}

/* What has a password is hashed. */
/* clang-format off */
static const struct api_route rows[] = {
	{.path = "/api/v1/rooms", .method = HTTP_M_POST, .who = API_SIGNED_IN, .scope = "rooms:write", .where = API_ON_HASH, .limit = API_LIMIT_WRITE, .fields = add_fields, .has = "password", .prepare = prepare_add, .run = run_add},
	{.path = "/api/v1/rooms", .method = HTTP_M_POST, .who = API_SIGNED_IN, .scope = "rooms:write", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .fields = add_fields, .has = "name", .prepare = prepare_add, .run = run_add},
	{.path = "/api/v1/rooms", .method = HTTP_M_POST, .who = API_ANYBODY, .scope = "rooms:write", .where = API_ON_LOOP, .limit = API_LIMIT_WRITE, .fields = create_fields, .body_optional = true, .run = run_create},
	{.path = "/api/v1/rooms", .method = HTTP_M_GET, .who = API_SIGNED_IN, .scope = "rooms:read", .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_list},
	{.path = "/api/v1/rooms/{id}", .method = HTTP_M_GET, .who = API_SIGNED_IN, .scope = "rooms:read", .where = API_ON_DB, .limit = API_LIMIT_READ, .run = run_get},
	{.path = "/api/v1/rooms/{id}", .method = HTTP_M_PATCH, .who = API_SIGNED_IN, .scope = "rooms:write", .where = API_ON_HASH, .limit = API_LIMIT_WRITE, .fields = update_fields, .has = "password", .run = run_update},
	{.path = "/api/v1/rooms/{id}", .method = HTTP_M_PATCH, .who = API_SIGNED_IN, .scope = "rooms:write", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .fields = update_fields, .run = run_update},
	{.path = "/api/v1/rooms/{id}", .method = HTTP_M_DELETE, .who = API_SIGNED_IN, .scope = "rooms:write", .where = API_ON_DB, .limit = API_LIMIT_WRITE, .run = run_remove},
};
/* clang-format on */

const struct api_group api_rooms_group = API_GROUP(rows);
