/*
 * The way into a room: what its page asks before it says `join`. A lasting room is put in place for
 * signalling, and its password is checked here, as that takes a hash; `pass` is the proof of it.
 *
 * Of a room that is in use everything but the password is known without the database, so calls go on without
 * it. The door is the same as that of `join` (docs/protocol.md, Rooms with an owner), in the same order.
 *
 * Thread: of the pools, but for prepare and the effect, which are the control loop's.
 */
#include "app/api_room.h"

#include "app/room_keeper.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>

/* What somebody stands in front of, in use or not. */
struct door {
	bool lasting, is_owner, knock, guests, locked, password;
};

struct enter {
	char id[SIGNAL_ROOM_ID_LEN + 1];
	uint32_t turn;
	bool in_use;
	bool proved; /* the password is right */
	struct account_room room;
};

static int unknown(struct api_call *call)
{
	return api_problem(call, 404, "room_unknown", "there is no such room, or not any more");
}

static bool owns(const struct api_call *call, const char *owner)
{
	return owner[0] && strcmp(call->login.account.id, owner) == 0;
}

static struct door door_of_view(const struct api_call *call, const struct signal_room_view *v)
{
	return (struct door){v->owner[0] != '\0', owns(call, v->owner), v->knock, v->guests,
			     v->locked,           v->password};
}

static struct door door_of_room(const struct api_call *call, const struct account_room *r)
{
	return (struct door){true, owns(call, r->owner), r->knock, r->guests, r->locked, r->password};
}

/* Return: 0: in, or what is left is the password that was sent; what the call has come to. */
static int check_door(struct api_call *call, const struct door *d)
{
	if (d->is_owner)
		return 0;
	if (!d->guests && call->login.account.id[0] == '\0')
		return api_problem(call, 403, "members_only", "this room is for people with an account");
	if (d->locked)
		return api_problem(call, 423, "room_locked", "the host has locked this room");
	if (d->password && !api_text(call, "password"))
		return api_problem(call, 401, "password_needed", "this room has a password");
	return 0;
}

static bool wants_password(const struct door *d)
{
	return d->password && !d->is_owner;
}

static int answer(struct api_call *call, const struct signal_room_view *v, const char *pass)
{
	struct door d = door_of_view(call, v);
	return api_answer(call, 200,
			  json_pack("{s:s, s:s, s:b, s:b, s:b, s:s*}", "id", v->id, "name", v->name,
				    "lasting", (int)d.lasting, "knock", (int)d.knock, "owner",
				    (int)d.is_owner, "pass", pass));
}

/* ---- on the loop, before ---- */

/* Is what is in memory all there is to know? What a ticket has brought back is not before it is looked up. */
static bool find_in_use(const struct api_call *call, const char *id, struct signal_room_view *v)
{
	const struct service *s = call->service;
	return signal_room_view(s->signal, id, v) && (v->owner[0] || !room_keeper_busy(s->keeper, id));
}

static int go_on(struct api_call *call, const char *id, bool in_use)
{
	struct enter *e = mem_zalloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	memcpy(e->id, id, sizeof(e->id));
	e->turn = room_keeper_turn(call->service->keeper, id);
	e->in_use = in_use;
	call->state = e;
	return API_GO_ON;
}

static int prepare(struct api_call *call)
{
	char id[SIGNAL_ROOM_ID_LEN + 1];
	struct signal_room_view v;
	if (signal_room_id_parse(call->params[0], id))
		return unknown(call);
	/* Counted for the room, however its id is spelt. */
	int rc = api_text(call, "password") ? api_take(call, API_LIMIT_ROOM, id) : 0;
	if (rc)
		return rc;
	if (!find_in_use(call, id, &v))
		return go_on(call, id, false);
	const struct door d = door_of_view(call, &v);
	rc = check_door(call, &d);
	if (rc)
		return rc;
	return wants_password(&d) ? go_on(call, id, true) : answer(call, &v, NULL);
}

/* ---- on a thread ---- */

static int check_password(struct api_call *call, struct enter *e)
{
	int rc = account_room_check(call->accounts, e->id, api_text(call, "password"));
	if (rc == ACCOUNT_E_CREDENTIALS)
		return api_problem(call, 401, "bad_password", "this is not the room's password");
	if (rc == ACCOUNT_E_UNKNOWN)
		return unknown(call);
	e->proved = rc == 0;
	return rc;
}

static void entered(struct api_call *call);

static int run(struct api_call *call)
{
	struct enter *e = call->state;
	int rc = account_room_get(call->accounts, e->id, call->now_us, &e->room);
	if (rc == ACCOUNT_E_UNKNOWN)
		return unknown(call);
	if (rc)
		return rc;
	const struct door d = door_of_room(call, &e->room);
	if (!e->in_use)
		rc = check_door(call, &d);
	if (rc == 0 && wants_password(&d))
		rc = check_password(call, e);
	if (rc)
		return rc;
	call->effect = entered;
	return api_answer(call, 200, json_object());
}

/* ---- on the loop, after ---- */

static int again(struct api_call *call)
{
	int rc = api_problem(call, 503, "unavailable", "the room has just been changed; try again");
	call->problem.retry_s = 1;
	return rc;
}

static int let_in(struct api_call *call, const struct enter *e)
{
	struct service *s = call->service;
	struct signal_room_view v;
	char pass[SIGNAL_PASS_LEN];
	if (e->turn != room_keeper_turn(s->keeper, e->id))
		return again(call);
	/* One that is in use is what signalling says it is. */
	bool there = signal_room_view(s->signal, e->id, &v) && v.owner[0];
	int rc = there ? 0 : api_room_load(call, &e->room);
	if (rc)
		return rc;
	if (!signal_room_view(s->signal, e->id, &v))
		return unknown(call);
	if (e->proved)
		signal_pass(s->signal, e->id, service_time(s), pass);
	return answer(call, &v, e->proved ? pass : NULL);
}

static void entered(struct api_call *call)
{
	call->result = let_in(call, call->state);
}

static const struct api_field fields[] = {{"password", API_TEXT, false, 4096}, {0}};

/* clang-format off */
static const struct api_route rows[] = {
	{.path = "/api/v1/rooms/{id}/enter", .method = HTTP_M_POST, .who = API_ANYBODY, .scope = "rooms:read", .where = API_ON_HASH, .limit = API_LIMIT_ROOM, .fields = fields, .has = "password", .prepare = prepare, .run = run},
	{.path = "/api/v1/rooms/{id}/enter", .method = HTTP_M_POST, .who = API_ANYBODY, .scope = "rooms:read", .where = API_ON_DB, .limit = API_LIMIT_ROOM, .fields = fields, .body_optional = true, .prepare = prepare, .run = run},
};
/* clang-format on */

const struct api_group api_enter_group = API_GROUP(rows);
