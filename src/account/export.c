/*
 * Everything that is kept of somebody, as JSON for them to take away: no hashes, no secrets, and of others
 * nothing.
 *
 * All of it is read in one transaction, so it fits together.
 *
 * Thread: any that may block.
 */
#include "account/inside.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

struct export
{
	const char *id;
	int64_t now_us;
	struct account account;
	json_t *root;
};

/* One list of the export: how a row becomes an object (NULL: out of memory). */
struct list {
	json_t *array;
	json_t *(*object)(const struct store_value *v);
};

/* ISO 8601 in UTC; null for what has not been. */
static json_t *when(int64_t us)
{
	char text[32];
	struct tm tm;
	time_t s = (time_t)(us / ACCOUNT_US);
	if (us == 0 || !gmtime_r(&s, &tm))
		return json_null();
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

static json_t *text(const struct store_value *v)
{
	return json_stringn(v->text ? v->text : "", v->len);
}

static json_t *session(const struct store_value *v)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "created", when(v[0].i), "seen", when(v[1].i), "client",
			 text(&v[2]), "address", text(&v[3]));
}

static json_t *passkey(const struct store_value *v)
{
	return json_pack("{s:o, s:o, s:o}", "name", text(&v[0]), "created", when(v[1].i), "used",
			 when(v[2].i));
}

static json_t *api_token(const struct store_value *v)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", text(&v[0]), "scopes", text(&v[1]), "created",
			 when(v[2].i), "used", when(v[3].i), "expires", when(v[4].i));
}

static json_t *room(const struct store_value *v)
{
	return json_pack("{s:o, s:o, s:b, s:b, s:b, s:b, s:o, s:o}", "id", text(&v[0]), "name", text(&v[1]),
			 "knock", (int)v[2].i, "guests", (int)v[3].i, "locked", (int)v[4].i, "password",
			 (int)(v[5].len > 0), "created", when(v[6].i), "used", when(v[7].i));
}

static json_t *link_sent(const struct store_value *v)
{
	return json_pack("{s:o, s:o, s:o}", "kind", text(&v[0]), "created", when(v[1].i), "expires",
			 when(v[2].i));
}

static json_t *mail(const struct store_value *v)
{
	return json_pack("{s:o, s:o}", "kind", text(&v[0]), "created", when(v[1].i));
}

static json_t *deed(const struct store_value *v)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "at", when(v[0].i), "action", text(&v[1]), "target",
			 text(&v[2]), "detail", text(&v[3]), "address", text(&v[4]));
}

static json_t *done_to(const struct store_value *v)
{
	return json_pack("{s:o, s:o, s:o}", "at", when(v[0].i), "action", text(&v[1]), "detail", text(&v[2]));
}

static int on_row(void *arg, const struct store_value *v, size_t n)
{
	struct list *l = arg;
	return json_array_append_new(l->array, l->object(v)) == 0 ? 0 : -ENOMEM;
}

struct part {
	const char *name, *sql;
	json_t *(*object)(const struct store_value *v);
	bool by_email;
};

static const struct part parts[] = {
	{"sessions",
	 "SELECT created_us, seen_us, client, address FROM sessions WHERE account_id = $1 ORDER BY id",
	 session, false},
	{"passkeys", "SELECT name, created_us, used_us FROM passkeys WHERE account_id = $1 ORDER BY id",
	 passkey, false},
	{"api_tokens",
	 "SELECT name, scopes, created_us, used_us, expires_us FROM api_tokens WHERE account_id = $1 ORDER "
	 "BY id",
	 api_token, false},
	{"rooms",
	 "SELECT id, name, knock, guests, locked, password, created_us, used_us FROM rooms WHERE owner_id = "
	 "$1 "
	 "ORDER BY created_us, id",
	 room, false},
	{"links",
	 "SELECT kind, created_us, expires_us FROM tokens WHERE email = $1 ORDER BY created_us, hash",
	 link_sent, true},
	{"mails",
	 "SELECT template, created_us FROM mails WHERE email = $1 AND template <> '' ORDER BY created_us, id",
	 mail, true},
	{"done",
	 "SELECT id, action, target, detail, address FROM audit WHERE actor_id = $1 ORDER BY id DESC LIMIT "
	 "10000",
	 deed, false},
	{"done_to_me", "SELECT id, action, detail FROM audit WHERE target = $1 ORDER BY id DESC LIMIT 10000",
	 done_to, false},
};

static int add_part(struct export *e, struct store_conn *c, const struct part *p)
{
	struct list l = {.array = json_array(), .object = p->object};
	if (!l.array)
		return -ENOMEM;
	int rc =
		store_query(c, p->sql, STORE_ARGS(store_text(p->by_email ? e->account.email : e->account.id)),
			    on_row, &l);
	if (rc == 0)
		rc = json_object_set(e->root, p->name, l.array) == 0 ? 0 : -ENOMEM;
	json_decref(l.array);
	return rc;
}

static json_t *about(const struct account *a)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:i}", "id", a->id, "email", a->email,
			 "name", a->name, "language", a->language, "role", account_role_text(a->role),
			 "created", when(a->created_us), "signed_in", when(a->signed_in_us), "password",
			 (int)a->has_password, "two_factor", (int)a->totp, "recovery_codes",
			 (int)a->recovery_codes);
}

static int collect(struct store_conn *c, void *arg)
{
	struct export *e = arg;
	int rc = account_load(c, e->id, &e->account);
	if (rc)
		return rc;
	json_decref(e->root);
	e->root = json_pack("{s:o, s:o}", "exported", when(e->now_us), "account", about(&e->account));
	if (!e->root)
		return -ENOMEM;
	for (size_t i = 0; rc == 0 && i < ARRAY_LEN(parts); i++)
		rc = add_part(e, c, &parts[i]);
	return rc;
}

int account_export(struct accounts *a, const char *id, int64_t now_us, char **json)
{
	struct export e = {.id = id, .now_us = now_us};
	int rc = store_read(a->p.store, collect, &e);
	char *out = rc == 0 ? json_dumps(e.root, JSON_INDENT(2)) : NULL;
	json_decref(e.root);
	if (rc == 0 && !out)
		rc = -ENOMEM;
	if (rc == 0)
		*json = out;
	return rc;
}
