/*
 * A map by the token's hash, a list by use, a map by account. The hash is BLAKE2b of the token, as a map of
 * tokens themselves would keep in memory, for as long as the process lives, what opens accounts.
 *
 * Invariants: every entry is in `by_token`, in `used` (latest last) and in the list of its account's owner;
 * an owner without entries does not exist. Thread: the control loop's.
 */
#include "app/login_cache.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <sodium.h>
#include <string.h>

#define HASH_BYTES 32
#define SLOTS      1024

struct owner {
	struct map_node node; /* key: account */
	struct list entries;
	char account[ACCOUNT_ID_LEN + 1];
};

struct entry {
	struct map_node node; /* key: hash */
	struct list used;
	struct list of_owner;
	struct owner *owner;
	uint8_t hash[HASH_BYTES];
	uint64_t put_ms;
	struct account_login login;
};

struct login_cache {
	struct login_cache_params p;
	struct map by_token, by_account;
	struct list used;
	uint64_t turn;
	uint64_t forgotten[SLOTS]; /* the turn at which an account of that hash last lost something */
};

struct login_cache *login_cache_new(const struct login_cache_params *p)
{
	struct login_cache *c = mem_zalloc(sizeof(*c));
	if (!c)
		return NULL;
	c->p = *p;
	map_init(&c->by_token, p->hash_key);
	map_init(&c->by_account, p->hash_key);
	list_init(&c->used);
	return c;
}

static void release(struct login_cache *c, struct owner *o)
{
	if (!list_empty(&o->entries))
		return;
	map_remove(&c->by_account, &o->node);
	mem_free(o);
}

static void drop(struct login_cache *c, struct entry *e)
{
	map_remove(&c->by_token, &e->node);
	list_unlink(&e->used);
	list_unlink(&e->of_owner);
	release(c, e->owner);
	mem_free(e);
}

struct login_cache *login_cache_free(struct login_cache *c)
{
	if (!c)
		return NULL;
	while (!list_empty(&c->used))
		drop(c, LIST_ENTRY(c->used.next, struct entry, used));
	map_deinit(&c->by_token);
	map_deinit(&c->by_account);
	mem_free(c);
	return NULL;
}

static void hash_of(const char *token, uint8_t out[HASH_BYTES])
{
	(void)crypto_generichash(out, HASH_BYTES, (const uint8_t *)token, strlen(token), NULL, 0);
}

static struct entry *find(const struct login_cache *c, const uint8_t hash[HASH_BYTES])
{
	struct map_node *n = map_find(&c->by_token, hash, HASH_BYTES);
	return n ? CONTAINER_OF(n, struct entry, node) : NULL;
}

/* A token of programs has no session, and its own end is the database's to know. */
static struct entry *find_lasting(struct login_cache *c, const char *token, int64_t now_us)
{
	uint8_t hash[HASH_BYTES];
	hash_of(token, hash);
	struct entry *e = find(c, hash);
	if (e && e->login.session.id[0] && e->login.session.expires_us <= now_us) {
		drop(c, e);
		return NULL;
	}
	return e;
}

const struct account_login *login_cache_find(struct login_cache *c, const char *token, uint64_t now_ms,
					     int64_t now_us)
{
	struct entry *e = find_lasting(c, token, now_us);
	if (!e || now_ms - e->put_ms >= c->p.fresh_ms)
		return NULL;
	list_unlink(&e->used);
	list_append(&c->used, &e->used);
	return &e->login;
}

const struct account_login *login_cache_find_stale(struct login_cache *c, const char *token, int64_t now_us)
{
	struct entry *e = find_lasting(c, token, now_us);
	return e ? &e->login : NULL;
}

uint64_t login_cache_turn(const struct login_cache *c)
{
	return c->turn;
}

static size_t slot_of(const struct login_cache *c, const char *account)
{
	uint8_t h[crypto_shorthash_BYTES];
	_Static_assert(sizeof(c->p.hash_key) == crypto_shorthash_KEYBYTES, "one form of keys");
	(void)crypto_shorthash(h, (const uint8_t *)account, strlen(account), c->p.hash_key);
	return (size_t)(h[0] | h[1] << 8) % SLOTS;
}

static void turn(struct login_cache *c, const char *account)
{
	c->forgotten[slot_of(c, account)] = ++c->turn;
}

bool login_cache_is_old(const struct login_cache *c, const char *account, uint64_t turn)
{
	return c->forgotten[slot_of(c, account)] > turn;
}

static struct owner *owner_of(struct login_cache *c, const char *account)
{
	struct map_node *n = map_find(&c->by_account, account, strlen(account));
	if (n)
		return CONTAINER_OF(n, struct owner, node);
	struct owner *o = mem_zalloc(sizeof(*o));
	if (!o)
		return NULL;
	list_init(&o->entries);
	memcpy(o->account, account, sizeof(o->account));
	if (map_insert(&c->by_account, &o->node, o->account, strlen(o->account))) {
		mem_free(o);
		return NULL;
	}
	return o;
}

static struct entry *add(struct login_cache *c, const uint8_t hash[HASH_BYTES], const char *account)
{
	struct owner *o = owner_of(c, account);
	struct entry *e = o ? mem_zalloc(sizeof(*e)) : NULL;
	if (e) {
		memcpy(e->hash, hash, HASH_BYTES);
		if (map_insert(&c->by_token, &e->node, e->hash, HASH_BYTES)) {
			mem_free(e);
			e = NULL;
		}
	}
	if (!e) {
		if (o)
			release(c, o);
		return NULL;
	}
	e->owner = o;
	list_append(&o->entries, &e->of_owner);
	list_append(&c->used, &e->used);
	return e;
}

void login_cache_put(struct login_cache *c, const char *token, const struct account_login *login,
		     uint64_t now_ms)
{
	uint8_t hash[HASH_BYTES];
	hash_of(token, hash);
	struct entry *e = find(c, hash);
	if (e)
		drop(c, e); /* a token may, after a change, stand for somebody else's row: never merged */
	if (c->by_token.count >= c->p.max)
		drop(c, LIST_ENTRY(c->used.next, struct entry, used));
	e = add(c, hash, login->account.id);
	if (!e)
		return;
	e->login = *login;
	e->put_ms = now_ms;
}

void login_cache_drop(struct login_cache *c, const char *token)
{
	uint8_t hash[HASH_BYTES];
	hash_of(token, hash);
	struct entry *e = find(c, hash);
	if (!e)
		return;
	turn(c, e->login.account.id);
	drop(c, e);
}

void login_cache_forget(struct login_cache *c, const char *account, const char *session, const char *keep)
{
	turn(c, account);
	struct map_node *n = map_find(&c->by_account, account, strlen(account));
	if (!n)
		return;
	struct owner *o = CONTAINER_OF(n, struct owner, node);
	struct list guard; /* so that the owner does not go with its last entry, in the middle of the walk */
	list_init(&guard);
	list_append(&o->entries, &guard);
	LIST_FOREACH (it, &o->entries) {
		struct entry *e = LIST_ENTRY(it, struct entry, of_owner);
		const char *id = it == &guard ? NULL : e->login.session.id;
		if (id && (!session || strcmp(id, session) == 0) && (!keep || strcmp(id, keep) != 0))
			drop(c, e);
	}
	list_unlink(&guard);
	release(c, o);
}

size_t login_cache_count(const struct login_cache *c)
{
	return c->by_token.count;
}
