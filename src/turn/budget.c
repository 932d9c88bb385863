/*
 * The budget: what may be answered to whoever has proved nothing.
 *
 * Every prefix of senders has a bucket of bytes, and the network around it a wider one. A request puts in
 * seven eighths of its length, the answer takes its own out of both, and time fills them. Beyond the buckets,
 * then, a prefix gets fewer bytes than it sends, and so does the network, whichever of its addresses are
 * written into the packets: whoever does that would do more harm by sending to them.
 *
 * What keeps others out of a call is the challenge that every TURN client begins with. So it has buckets of
 * its own, which a flood of Bindings does not touch, and they fill faster: at the default, a stranger has to
 * keep up ten requests a second in the name of an address to take the challenge away from those who are
 * behind it. A request that authenticates has brought back a nonce that was sent to that prefix, so it has
 * all of them filled.
 *
 * Each server has its own buckets: this is asked for packets that anybody can send, where servers share
 * nothing. A prefix whose packets reach several workers has a budget at each.
 *
 * Thread: the owner's.
 */
#include "turn/core.h"

#include <errno.h>

#define BUCKET_WAYS 8
#define WIDE        4 /* budgets in one, and as many fewer of them */
/* How often a minute fills a bucket. */
#define BINDING_FILLS   1
#define CHALLENGE_FILLS 4

/* The networks around: an IPv4 /24, an IPv6 /48. */
static void widen(uint8_t prefix[ADDR_PREFIX_BYTES])
{
	bool ip6 = prefix[0] == 6;
	memset(prefix + (ip6 ? 7 : 4), 0, ip6 ? 2 : 5);
}

static size_t sets_for(uint32_t prefixes)
{
	size_t sets = 1;
	while (sets * BUCKET_WAYS < prefixes)
		sets *= 2;
	return sets;
}

static int make(struct turn_budget *b, const struct turn_server *s, uint32_t fills)
{
	uint32_t each = s->limits.unauth_budget_bytes, prefixes = s->limits.unauth_prefixes;
	uint8_t key[MAP_HASH_KEY_BYTES];
	s->rand(s->rand_arg, key, sizeof(key));
	b->each = bucket_table_new(sets_for(prefixes), each * fills, each, key);
	s->rand(s->rand_arg, key, sizeof(key));
	b->wide = bucket_table_new(sets_for(prefixes / WIDE), each * fills * WIDE, each * WIDE, key);
	return b->each && b->wide ? 0 : -ENOMEM;
}

int turn_budget_init(struct turn_server *s)
{
	int r = make(&s->binding_budget, s, BINDING_FILLS);
	return r != 0 ? r : make(&s->challenge_budget, s, CHALLENGE_FILLS);
}

static void clear(struct turn_budget *b)
{
	b->each = bucket_table_free(b->each);
	b->wide = bucket_table_free(b->wide);
}

void turn_budget_deinit(struct turn_server *s)
{
	clear(&s->binding_budget);
	clear(&s->challenge_budget);
}

bool turn_budget_take(const struct turn_request *q, size_t reply)
{
	struct turn_server *s = q->server;
	struct turn_budget *b = q->m.method == STUN_BINDING ? &s->binding_budget : &s->challenge_budget;
	uint64_t now_ms = q->now.mono_ms;
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(&q->from->client, prefix);
	uint32_t in = q->m.len - q->m.len / 8 - 1, out = (uint32_t)reply;
	/* In this order, so that one address cannot use up what its network has. */
	if (!bucket_table_trade(b->each, prefix, sizeof(prefix), in, out, now_ms))
		return false;
	uint8_t wide[ADDR_PREFIX_BYTES];
	memcpy(wide, prefix, sizeof(wide));
	widen(wide);
	if (bucket_table_trade(b->wide, wide, sizeof(wide), in, out, now_ms))
		return true;
	(void)bucket_table_trade(b->each, prefix, sizeof(prefix), out, 0, now_ms);
	return false;
}

void turn_budget_proven(const struct turn_request *q)
{
	struct turn_budget *all[] = {&q->server->binding_budget, &q->server->challenge_budget};
	uint8_t prefix[ADDR_PREFIX_BYTES], wide[ADDR_PREFIX_BYTES];
	addr_prefix(&q->from->client, prefix);
	memcpy(wide, prefix, sizeof(wide));
	widen(wide);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		(void)bucket_table_trade(all[i]->each, prefix, sizeof(prefix), UINT32_MAX, 0, q->now.mono_ms);
		(void)bucket_table_trade(all[i]->wide, wide, sizeof(wide), UINT32_MAX, 0, q->now.mono_ms);
	}
}
