/*
 * Rooms that last, in the database.
 *
 * Thread: any that may block; with a password: of the pool that hashes.
 */
#include "account/room.h"

#include "account/inside.h"
#include "base/text.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define USED_EVERY_US (3600 * ACCOUNT_US)
#define PASSWORD_MIN  4 /* characters: said aloud, guessed at a limited rate */

#define ROOM_COLUMNS "id, owner_id, name, knock, guests, locked, password, created_us, used_us"

/* What has been checked of a change. */
struct change {
	struct accounts *a;
	const char *id, *owner; /* owner NULL: anybody's */
	const struct account_room_change *in;
	int64_t now_us;
	char name[ACCOUNT_NAME_BYTES + 1];
	char hash[ACCOUNT_PASSWORD_HASH]; /* "" : none from now on */
	struct account_room room;
	bool found;
};

static int room_from_row(const struct store_value *v, struct account_room *out)
{
	struct account_room r = {
		.knock = v[3].i != 0,
		.guests = v[4].i != 0,
		.locked = v[5].i != 0,
		.password = v[6].len > 0,
		.created_us = v[7].i,
		.used_us = v[8].i,
	};
	if (store_column_text(&v[0], r.id, sizeof(r.id)) ||
	    store_column_text(&v[1], r.owner, sizeof(r.owner)) ||
	    store_column_text(&v[2], r.name, sizeof(r.name)))
		return -EIO;
	*out = r;
	return 0;
}

static int on_room(void *arg, const struct store_value *v, size_t n)
{
	struct change *g = arg;
	g->found = true;
	return room_from_row(v, &g->room);
}

/* ---- checks ---- */

/* What has not the form of a room's id names none, and may not even be text. */
static bool id_ok(const char *id)
{
	return strlen(id) == ACCOUNT_ROOM_ID_LEN &&
	       strspn(id, "0123456789abcdefghjkmnpqrstvwxyz-") == ACCOUNT_ROOM_ID_LEN;
}

static int check_password(const char *password, struct account_fault *fault)
{
	size_t n = strnlen(password, ACCOUNT_PASSWORD_BYTES + 1), chars = 0;
	uint32_t cp;
	if (n > ACCOUNT_PASSWORD_BYTES)
		return account_fault(fault, "password", "This password is too long.");
	for (size_t i = 0, len; i < n; i += len, chars++) {
		len = text_next_char((const uint8_t *)password + i, n - i, &cp);
		if (len == 0 || cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			return account_fault(fault, "password", "A password cannot have control characters.");
	}
	if (chars < PASSWORD_MIN)
		return account_fault(fault, "password", "This password is too short.");
	return 0;
}

static int check(struct change *g, struct account_fault *fault)
{
	const struct account_room_change *in = g->in;
	int rc = in->name ? account_check_name(in->name, g->name, fault) : 0;
	if (rc || !in->password || !*in->password)
		return rc;
	rc = check_password(in->password, fault);
	return rc ? rc : account_password_hash(g->a, in->password, g->hash);
}

/* ---- making one ---- */

static int on_count(void *arg, const struct store_value *v, size_t n)
{
	int64_t *count = arg;
	*count = v[0].i;
	return 0;
}

static int may_have_one(struct change *g, struct store_conn *c)
{
	int64_t count = 0;
	int rc = account_lock(c, g->owner);
	if (rc == 0)
		rc = store_query(c, "SELECT COUNT(*) FROM rooms WHERE owner_id = $1",
				 STORE_ARGS(store_text(g->owner)), on_count, &count);
	return rc ? rc : count < g->a->p.rooms_max ? 0 : ACCOUNT_E_TOO_MANY;
}

static int add(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	const struct account_room_change *in = g->in;
	int rc = may_have_one(g, c);
	if (rc)
		return rc;
	return store_query(c,
			   "INSERT INTO rooms (" ROOM_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) "
			   "RETURNING " ROOM_COLUMNS,
			   STORE_ARGS(store_text(g->id), store_text(g->owner), store_text(g->name),
				      store_int(in->knock != 0), store_int(in->guests != 0),
				      store_int(in->locked == 1), store_text(g->hash), store_int(g->now_us)),
			   on_room, g);
}

int account_room_add(struct accounts *a, const char *owner, const char *id,
		     const struct account_room_change *in, int64_t now_us, struct account_fault *fault,
		     struct account_room *out)
{
	struct change g = {.a = a, .id = id, .owner = owner, .in = in, .now_us = now_us};
	assert(id_ok(id));
	if (!in->name)
		return account_fault(fault, "name", "A name is needed.");
	int rc = check(&g, fault);
	if (rc == 0)
		rc = store_write(a->p.store, add, &g);
	if (rc == 0)
		*out = g.room;
	return rc;
}

/* ---- changing ---- */

static struct store_value flag(int value)
{
	return value < 0 ? store_null() : store_int(value != 0);
}

static int update(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	const struct account_room_change *in = g->in;
	g->found = false;
	int rc = store_query(
		c,
		"UPDATE rooms SET name = COALESCE($3, name), knock = COALESCE($4, knock), "
		"guests = COALESCE($5, guests), locked = COALESCE($6, locked), "
		"password = COALESCE($7, password) WHERE id = $1 AND owner_id = COALESCE($2, owner_id) "
		"RETURNING " ROOM_COLUMNS,
		STORE_ARGS(store_text(g->id), store_text(g->owner), store_text(in->name ? g->name : NULL),
			   flag(in->knock), flag(in->guests), flag(in->locked),
			   store_text(in->password ? g->hash : NULL)),
		on_room, g);
	return rc ? rc : g->found ? 0 : ACCOUNT_E_UNKNOWN;
}

int account_room_update(struct accounts *a, const char *owner, const char *id,
			const struct account_room_change *in, struct account_fault *fault,
			struct account_room *out)
{
	struct change g = {.a = a, .id = id, .owner = owner, .in = in};
	if (!id_ok(id))
		return ACCOUNT_E_UNKNOWN;
	int rc = check(&g, fault);
	if (rc == 0)
		rc = store_write(a->p.store, update, &g);
	if (rc == 0)
		*out = g.room;
	return rc;
}

static int remove_room(struct store_conn *c, void *arg)
{
	const struct change *g = arg;
	int64_t changed;
	int rc = store_exec(c, "DELETE FROM rooms WHERE id = $1 AND owner_id = COALESCE($2, owner_id)",
			    STORE_ARGS(store_text(g->id), store_text(g->owner)), &changed);
	return rc ? rc : changed ? 0 : ACCOUNT_E_UNKNOWN;
}

int account_room_remove(struct accounts *a, const char *owner, const char *id)
{
	struct change g = {.id = id, .owner = owner};
	return id_ok(id) ? store_write(a->p.store, remove_room, &g) : ACCOUNT_E_UNKNOWN;
}

/* ---- reading ---- */

static int get(struct store_conn *c, void *arg)
{
	struct change *g = arg;
	g->found = false;
	int rc = store_query(c, "SELECT " ROOM_COLUMNS " FROM rooms WHERE id = $1",
			     STORE_ARGS(store_text(g->id)), on_room, g);
	return rc ? rc : g->found ? 0 : ACCOUNT_E_UNKNOWN;
}

static int write_used(struct store_conn *c, void *arg)
{
	const struct change *g = arg;
	return store_exec(c, "UPDATE rooms SET used_us = $2 WHERE id = $1 AND used_us < $2",
			  STORE_ARGS(store_text(g->id), store_int(g->now_us)), NULL);
}

int account_room_get(struct accounts *a, const char *id, int64_t now_us, struct account_room *out)
{
	struct change g = {.id = id, .now_us = now_us};
	if (!id_ok(id))
		return ACCOUNT_E_UNKNOWN;
	int rc = store_read(a->p.store, get, &g);
	if (rc)
		return rc;
	/* Where the database cannot be written to (logged there), the room opens all the same. */
	if (now_us - g.room.used_us >= USED_EVERY_US && store_write(a->p.store, write_used, &g) == 0)
		g.room.used_us = now_us;
	*out = g.room;
	return 0;
}

struct check {
	const char *id;
	char hash[ACCOUNT_PASSWORD_HASH];
	bool found;
};

static int on_hash(void *arg, const struct store_value *v, size_t n)
{
	struct check *k = arg;
	k->found = true;
	return store_column_text(&v[0], k->hash, sizeof(k->hash));
}

static int read_hash(struct store_conn *c, void *arg)
{
	struct check *k = arg;
	k->found = false;
	int rc = store_query(c, "SELECT password FROM rooms WHERE id = $1", STORE_ARGS(store_text(k->id)),
			     on_hash, k);
	return rc ? rc : k->found ? 0 : ACCOUNT_E_UNKNOWN;
}

int account_room_check(struct accounts *a, const char *id, const char *password)
{
	struct check k = {.id = id};
	if (!id_ok(id))
		return ACCOUNT_E_UNKNOWN;
	int rc = store_read(a->p.store, read_hash, &k);
	if (rc)
		return rc;
	/* A room without a password takes any. */
	if (!k.hash[0])
		return 0;
	return account_password_verify(a, k.hash, password);
}

struct listing {
	const char *owner;
	account_room_fn fn;
	void *arg;
};

static int on_listed(void *arg, const struct store_value *v, size_t n)
{
	const struct listing *l = arg;
	struct account_room r;
	int rc = room_from_row(v, &r);
	return rc ? rc : l->fn(l->arg, &r);
}

static int list(struct store_conn *c, void *arg)
{
	const struct listing *l = arg;
	return store_query(c,
			   "SELECT " ROOM_COLUMNS " FROM rooms WHERE owner_id = $1 ORDER BY created_us, id",
			   STORE_ARGS(store_text(l->owner)), on_listed, arg);
}

int account_rooms(struct accounts *a, const char *owner, account_room_fn fn, void *arg)
{
	struct listing l = {.owner = owner, .fn = fn, .arg = arg};
	return store_read(a->p.store, list, &l);
}
