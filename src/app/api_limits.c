/*
 * Two tables for each kind of request. What is allowed per hour costs sixty tokens of a bucket that is filled
 * by the minute.
 *
 * Keys that exist and keys that do not are alike: a table holds only their hashes. Thread: the control
 * loop's.
 */
#include "app/api_limits.h"

#include "base/mem.h"
#include "base/rand.h"

#include <string.h>

#define SETS    1024 /* 8192 buckets: 200 kB a table */
#define KEY_MAX 256

struct limiter {
	struct bucket_table *table;
	uint32_t rate_per_min;
	uint32_t cost;
};

struct api_limits {
	struct limiter address[API_LIMITS];
	struct limiter key[API_LIMITS];
	struct limiter guess[API_LIMITS]; /* by key, of all senders */
};

static bool start(struct limiter *l, uint32_t rate, bool per_hour)
{
	uint8_t hash_key[16];
	rand_bytes(NULL, hash_key, sizeof(hash_key));
	l->rate_per_min = rate;
	l->cost = per_hour ? 60 : 1;
	l->table = bucket_table_new(SETS, rate, rate * l->cost, hash_key);
	return l->table != NULL;
}

/* What the configuration allows times sixty is as much as a bucket counts. */
static uint32_t guesses(uint32_t rate)
{
	return rate > UINT32_MAX / 60 / API_GUESS_SENDERS ? rate : API_GUESS_SENDERS * rate;
}

struct api_limits *api_limits_new(const struct config *c)
{
	struct api_limits *l = mem_zalloc(sizeof(*l));
	if (!l)
		return NULL;
	const struct {
		uint32_t address, key;
		bool hourly;
	} rows[API_LIMITS] = {
		[API_LIMIT_READ] = {c->limits.reads_per_min, c->limits.reads_per_min, false},
		[API_LIMIT_WRITE] = {c->limits.writes_per_min, c->limits.writes_per_min, false},
		[API_LIMIT_SIGNIN] = {c->limits.signins_per_min, c->limits.signins_per_account, false},
		[API_LIMIT_SIGNUP] = {c->limits.signups_per_hour, c->limits.mails_per_hour, true},
		[API_LIMIT_RESET] = {c->limits.resets_per_hour, c->limits.mails_per_hour, true},
		[API_LIMIT_EMAIL] = {c->limits.resets_per_hour, c->limits.mails_per_hour, true},
		[API_LIMIT_ROOM] = {c->limits.room_guesses_per_min, c->limits.room_guesses_per_min, false},
	};
	for (size_t i = 0; i < API_LIMITS; i++) {
		if (!start(&l->address[i], rows[i].address, rows[i].hourly) ||
		    !start(&l->key[i], rows[i].key, rows[i].hourly) ||
		    !start(&l->guess[i], guesses(rows[i].key), rows[i].hourly))
			return api_limits_free(l);
	}
	return l;
}

struct api_limits *api_limits_free(struct api_limits *l)
{
	for (size_t i = 0; l && i < API_LIMITS; i++) {
		bucket_table_free(l->address[i].table);
		bucket_table_free(l->key[i].table);
		bucket_table_free(l->guess[i].table);
	}
	mem_free(l);
	return NULL;
}

/* Retry-After: when the next token is there, if nobody else takes it. */
static uint32_t take(struct limiter *l, const void *key, size_t n, uint64_t now_ms)
{
	if (bucket_table_trade(l->table, key, n, 0, l->cost, now_ms))
		return 0;
	return (60 * l->cost + l->rate_per_min - 1) / l->rate_per_min;
}

uint32_t api_limits_address(struct api_limits *l, enum api_limit what, const struct addr *peer,
			    uint64_t now_ms)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	if (!l)
		return 60;
	addr_prefix(peer, prefix);
	return take(&l->address[what], prefix, sizeof(prefix), now_ms);
}

/* Return: how long it is. */
static size_t lower(const char *key, char low[KEY_MAX])
{
	size_t n = 0;
	for (; key[n] && n < KEY_MAX; n++)
		low[n] = key[n] >= 'A' && key[n] <= 'Z' ? (char)(key[n] + ('a' - 'A')) : key[n];
	return n;
}

uint32_t api_limits_key(struct api_limits *l, enum api_limit what, const char *key, uint64_t now_ms)
{
	char low[KEY_MAX];
	if (!l)
		return 60;
	return take(&l->key[what], low, lower(key, low), now_ms);
}

uint32_t api_limits_guess(struct api_limits *l, enum api_limit what, const char *key, const struct addr *peer,
			  uint64_t now_ms)
{
	uint8_t pair[ADDR_PREFIX_BYTES + KEY_MAX];
	char *low = (char *)pair + ADDR_PREFIX_BYTES;
	if (!l)
		return 60;
	addr_prefix(peer, pair);
	size_t n = lower(key, low);
	uint32_t retry_s = take(&l->key[what], pair, ADDR_PREFIX_BYTES + n, now_ms);
	return retry_s ? retry_s : take(&l->guess[what], low, n, now_ms);
}
