/*
 * Making a server, and what of it can be changed while it runs: secrets and the policy.
 *
 * Thread: the owner's.
 */
#include "base/mem.h"
#include "stun/opaque.h"
#include "turn/core.h"
#include "turn/ledger.h"

#include <errno.h>
#include <string.h>

#define REVOKED_SETS   2048
#define DELETED_SETS   128
#define CREDENTIAL_S   600
#define LIFETIME_MAX_S 3600

static void free_secret(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	mem_free(text);
}

static void free_secrets(struct turn_secrets *secrets)
{
	for (size_t i = 0; i < secrets->n; i++)
		free_secret(secrets->texts[i]);
	mem_free(secrets->texts);
	*secrets = (struct turn_secrets){0};
}

static int copy_secrets(const char *const *secrets, size_t n, struct turn_secrets *out)
{
	struct turn_secrets copy = {0};
	if (n && !(copy.texts = mem_zalloc(n * sizeof(copy.texts[0]))))
		return -ENOMEM;
	for (; copy.n < n; copy.n++) {
		copy.texts[copy.n] = mem_strdup(secrets[copy.n]);
		if (!copy.texts[copy.n]) {
			free_secrets(&copy);
			return -ENOMEM;
		}
	}
	*out = copy;
	return 0;
}

/* RFC 8489 §9.2.2: prepared before it is hashed. */
static int prepare(const char *text, size_t max, char **out)
{
	char prepared[STUN_TEXT_MAX_BYTES + 1];
	int n = stun_opaque_string(text, strlen(text), prepared, sizeof(prepared));
	if (n < 0 || (size_t)n > max)
		return -EINVAL;
	*out = mem_dup(prepared, (size_t)n);
	explicit_bzero(prepared, sizeof(prepared));
	return *out ? 0 : -ENOMEM;
}

static int copy_users(struct turn_server *s, const struct turn_user *users, size_t n)
{
	if (n && !(s->users = mem_zalloc(n * sizeof(s->users[0]))))
		return -ENOMEM;
	for (; s->n_users < n; s->n_users++) {
		struct turn_static *u = &s->users[s->n_users];
		int r = prepare(users[s->n_users].name, TURN_NAME_MAX, &u->name);
		if (r == 0)
			r = prepare(users[s->n_users].password, STUN_TEXT_MAX_BYTES, &u->password);
		if (r != 0) {
			mem_free(u->name);
			return r;
		}
		stun_userhash(u->name, strlen(u->name), s->realm, u->hash);
	}
	return 0;
}

static void free_users(struct turn_server *s)
{
	for (size_t i = 0; i < s->n_users; i++) {
		mem_free(s->users[i].name);
		free_secret(s->users[i].password);
	}
	mem_free(s->users);
}

static int copy_realm(struct turn_server *s, const char *realm)
{
	char *prepared;
	int r = prepare(realm, TURN_NAME_MAX, &prepared);
	if (r != 0)
		return r;
	memcpy(s->realm, prepared, strlen(prepared) + 1);
	mem_free(prepared);
	return 0;
}

static void random_key(struct turn_server *s, uint8_t key[MAP_HASH_KEY_BYTES])
{
	s->rand(s->rand_arg, key, MAP_HASH_KEY_BYTES);
}

static int make_tables(struct turn_server *s)
{
	uint8_t key[MAP_HASH_KEY_BYTES];
	random_key(s, key);
	s->revoked = turn_memory_new(REVOKED_SETS, key);
	random_key(s, key);
	s->deleted = turn_memory_new(DELETED_SETS, key);
	return s->revoked && s->deleted ? turn_budget_init(s) : -ENOMEM;
}

static int join_ledger(struct turn_server *s, struct turn_ledger *shared)
{
	s->ledger = shared;
	if (!shared)
		s->ledger = s->own_ledger = turn_ledger_new(&s->limits, s->rand, s->rand_arg);
	return s->ledger ? 0 : -ENOMEM;
}

static void bound_limits(struct turn_limits *l)
{
	if (l->permissions > TURN_PEERS_MAX)
		l->permissions = TURN_PEERS_MAX;
	if (l->channels > TURN_PEERS_MAX)
		l->channels = TURN_PEERS_MAX;
	if (l->lifetime_max_s == 0)
		l->lifetime_max_s = LIFETIME_MAX_S;
}

static void init_plain(struct turn_server *s, const struct turn_params *p)
{
	s->limits = p->limits;
	bound_limits(&s->limits);
	s->ops = p->ops;
	s->arg = p->arg;
	s->policy = p->policy;
	s->policy_number = 1;
	s->credential_s = p->credential_s ? p->credential_s : CREDENTIAL_S;
	s->rand = p->rand;
	s->rand_arg = p->rand_arg;
	memcpy(s->nonce_key, p->nonce_key, sizeof(s->nonce_key));
	s->rand(s->rand_arg, (uint8_t *)&s->indication_prefix, sizeof(s->indication_prefix));
	s->rand(s->rand_arg, (uint8_t *)&s->indications, sizeof(s->indications));
	struct map *maps[] = {&s->tuples, &s->owners};
	for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
		uint8_t key[MAP_HASH_KEY_BYTES];
		random_key(s, key);
		map_init(maps[i], key);
	}
	list_init(&s->allocs);
	wheel_init(&s->wheel, p->now.mono_ms);
	wheel_timer_init(&s->reservations_timer, turn_reservations_expire);
	bucket_init(&s->bucket, turn_burst(turn_rate(s->limits.bytes_per_s_total)), p->now.mono_ms);
}

int turn_new(const struct turn_params *p, struct turn_server **out)
{
	struct turn_server *s = mem_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	init_plain(s, p);
	int r = copy_realm(s, p->realm);
	if (r == 0)
		r = turn_set_secrets(s, p->secrets, p->n_secrets);
	if (r == 0)
		r = copy_users(s, p->users, p->n_users);
	if (r == 0)
		r = make_tables(s);
	if (r == 0)
		r = join_ledger(s, p->ledger);
	if (r != 0) {
		turn_free(s);
		return r;
	}
	*out = s;
	return 0;
}

struct turn_server *turn_free(struct turn_server *s)
{
	if (!s)
		return NULL;
	while (!list_empty(&s->allocs))
		turn_alloc_end(LIST_ENTRY(s->allocs.next, struct turn_alloc, in_server));
	if (s->ledger)
		turn_reservations_end(s);
	turn_ledger_free(s->own_ledger);
	map_deinit(&s->tuples);
	map_deinit(&s->owners);
	wheel_deinit(&s->wheel);
	turn_budget_deinit(s);
	turn_memory_free(s->revoked);
	turn_memory_free(s->deleted);
	free_secrets(&s->secrets);
	free_users(s);
	explicit_bzero(s->nonce_key, sizeof(s->nonce_key));
	mem_free(s);
	return NULL;
}

int turn_set_secrets(struct turn_server *s, const char *const *secrets, size_t n)
{
	struct turn_secrets copy;
	for (size_t i = 0; i < n; i++)
		if (!*secrets[i])
			return -EINVAL;
	int r = copy_secrets(secrets, n, &copy);
	if (r != 0)
		return r;
	free_secrets(&s->secrets);
	s->secrets = copy;
	return 0;
}

void turn_set_policy(struct turn_server *s, const struct turn_policy *policy)
{
	s->policy = policy;
	/* 0 stands for never judged. */
	if (++s->policy_number == 0)
		s->policy_number = 1;
}
