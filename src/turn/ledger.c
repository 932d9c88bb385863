/*
 * The ledger: who has how many allocations, and which ports are held for a token.
 *
 * An allocation and a reservation each hold a share of three counts, their user's, their client address's and
 * that of all. The structs that count are there as long as somebody holds a share of them, and such a holder
 * has authenticated.
 *
 * A reservation is in the ledger or it is the caller's: whoever takes it out, to use it, because it has
 * expired, or because its user has left, has it alone from then on, so two workers cannot both have its
 * socket. They are in a list in the order of their making, which is that of their expiry.
 *
 * Invariants: total is the sum over accounts and the sum over places; no account and no place counts 0.
 *
 * Thread: any. Nothing is called with the mutex held but base/.
 */
#include "turn/ledger.h"

#include "base/mem.h"
#include "turn/core.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static void lock(struct turn_ledger *l)
{
	int r = pthread_mutex_lock(&l->mutex);
	assert(r == 0);
	(void)r;
}

static void unlock(struct turn_ledger *l)
{
	int r = pthread_mutex_unlock(&l->mutex);
	assert(r == 0);
	(void)r;
}

struct turn_ledger *turn_ledger_new(const struct turn_limits *limits, rand_fn rand, void *rand_arg)
{
	struct turn_ledger *l = mem_zalloc(sizeof(*l));
	if (!l)
		return NULL;
	struct map *maps[] = {&l->accounts, &l->places, &l->tokens};
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		uint8_t key[MAP_HASH_KEY_BYTES];
		rand(rand_arg, key, sizeof(key));
		map_init(maps[i], key);
	}
	list_init(&l->reservations);
	l->total_max = limits->allocations;
	l->per_user_max = limits->allocations_per_user;
	l->per_address_max = limits->allocations_per_address;
	int r = pthread_mutex_init(&l->mutex, NULL);
	assert(r == 0); /* glibc's never fails for a mutex of the default kind */
	(void)r;
	return l;
}

struct turn_ledger *turn_ledger_free(struct turn_ledger *l)
{
	if (!l)
		return NULL;
	assert(l->total == 0 && list_empty(&l->reservations));
	map_deinit(&l->accounts);
	map_deinit(&l->places);
	map_deinit(&l->tokens);
	pthread_mutex_destroy(&l->mutex);
	mem_free(l);
	return NULL;
}

/* ---- shares ---- */

static struct turn_account *account_of(struct turn_ledger *l, const char *name)
{
	size_t n = strlen(name);
	struct map_node *node = map_find(&l->accounts, name, n);
	if (node)
		return CONTAINER_OF(node, struct turn_account, node);
	struct turn_account *a = mem_zalloc(sizeof(*a) + n + 1);
	if (!a)
		return NULL;
	list_init(&a->reservations);
	memcpy(a->name, name, n + 1);
	if (map_insert(&l->accounts, &a->node, a->name, n) == 0)
		return a;
	mem_free(a);
	return NULL;
}

static struct turn_place *place_of(struct turn_ledger *l, const struct addr *client)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(client, prefix);
	struct map_node *node = map_find(&l->places, prefix, sizeof(prefix));
	if (node)
		return CONTAINER_OF(node, struct turn_place, node);
	struct turn_place *p = mem_zalloc(sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p->prefix, prefix, sizeof(prefix));
	if (map_insert(&l->places, &p->node, p->prefix, sizeof(prefix)) == 0)
		return p;
	mem_free(p);
	return NULL;
}

static void drop_unused(struct turn_ledger *l, struct turn_share share)
{
	if (share.account && share.account->count == 0) {
		map_remove(&l->accounts, &share.account->node);
		mem_free(share.account);
	}
	if (share.place && share.place->count == 0) {
		map_remove(&l->places, &share.place->node);
		mem_free(share.place);
	}
}

static int take_locked(struct turn_ledger *l, const char *user, const struct addr *client,
		       struct turn_share *out)
{
	struct turn_share share = {.account = account_of(l, user), .place = place_of(l, client)};
	int r = 0;
	if (!share.account || !share.place)
		r = -ENOMEM;
	else if (l->total >= l->total_max || share.account->count >= l->per_user_max ||
		 share.place->count >= l->per_address_max)
		r = STUN_CODE_QUOTA_REACHED;
	if (r != 0) {
		drop_unused(l, share);
		return r;
	}
	l->total++;
	share.account->count++;
	share.place->count++;
	*out = share;
	return 0;
}

int turn_share_take(struct turn_ledger *l, const char *user, const struct addr *client,
		    struct turn_share *out)
{
	lock(l);
	int r = take_locked(l, user, client, out);
	unlock(l);
	return r;
}

void turn_share_give(struct turn_ledger *l, struct turn_share share)
{
	if (!share.account)
		return;
	lock(l);
	l->total--;
	share.account->count--;
	share.place->count--;
	drop_unused(l, share);
	unlock(l);
}

/* ---- reservations ---- */

int turn_ledger_put(struct turn_ledger *l, struct turn_reservation *r)
{
	lock(l);
	int rc = map_insert(&l->tokens, &r->node, r->token, sizeof(r->token));
	if (rc == 0) {
		list_append(&l->reservations, &r->in_ledger);
		list_append(&r->share.account->reservations, &r->in_account);
	}
	unlock(l);
	return rc;
}

/* NULL-safe. */
static struct turn_reservation *out_of(struct turn_ledger *l, struct turn_reservation *r)
{
	if (!r)
		return NULL;
	map_remove(&l->tokens, &r->node);
	list_unlink(&r->in_ledger);
	list_unlink(&r->in_account);
	return r;
}

struct turn_reservation *turn_ledger_claim(struct turn_ledger *l, const uint8_t token[STUN_TOKEN_BYTES],
					   const char *user)
{
	lock(l);
	struct map_node *node = map_find(&l->tokens, token, STUN_TOKEN_BYTES);
	struct turn_reservation *r = node ? CONTAINER_OF(node, struct turn_reservation, node) : NULL;
	bool theirs = r && strcmp(r->share.account->name, user) == 0;
	r = out_of(l, theirs ? r : NULL);
	unlock(l);
	return r;
}

struct turn_reservation *turn_ledger_expired(struct turn_ledger *l, uint64_t now_ms, uint64_t *next_ms)
{
	struct turn_reservation *r = NULL;
	lock(l);
	*next_ms = WHEEL_NEVER;
	if (!list_empty(&l->reservations)) {
		r = LIST_ENTRY(l->reservations.next, struct turn_reservation, in_ledger);
		*next_ms = r->expires_ms;
	}
	r = out_of(l, *next_ms <= now_ms ? r : NULL);
	unlock(l);
	return r;
}

struct turn_reservation *turn_ledger_of_user(struct turn_ledger *l, const char *user)
{
	struct turn_reservation *r = NULL;
	lock(l);
	struct map_node *node = map_find(&l->accounts, user, strlen(user));
	struct turn_account *a = node ? CONTAINER_OF(node, struct turn_account, node) : NULL;
	if (a && !list_empty(&a->reservations))
		r = out_of(l, LIST_ENTRY(a->reservations.next, struct turn_reservation, in_account));
	unlock(l);
	return r;
}

struct turn_reservation *turn_ledger_of_server(struct turn_ledger *l, const struct turn_server *s)
{
	struct turn_reservation *found = NULL;
	lock(l);
	LIST_FOREACH (node, &l->reservations) {
		struct turn_reservation *r = LIST_ENTRY(node, struct turn_reservation, in_ledger);
		if (!found && r->maker == s)
			found = r;
	}
	out_of(l, found);
	unlock(l);
	return found;
}
