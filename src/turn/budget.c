/*
 * The budget: what may be answered to whoever has proved nothing.
 *
 * Every prefix of senders has a bucket of bytes. A request puts in seven eighths of its length, the answer
 * takes its own out, and a minute fills the bucket. Beyond the bucket, then, a prefix gets fewer bytes than
 * it sends, and whoever writes another's address into his packets would do the other more harm by sending to
 * him. A request that authenticates has brought back a nonce that was sent to that prefix, so it has the
 * bucket filled.
 *
 * Each server has its own buckets: this is asked for packets that anybody can send, where servers share
 * nothing. A prefix whose packets reach several workers has a budget at each.
 *
 * Thread: the owner's.
 */
#include "turn/core.h"

bool turn_budget(struct turn_server *s, const struct addr *client, size_t request, size_t reply,
		 uint64_t now_ms)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(client, prefix);
	uint32_t in = (uint32_t)(request - request / 8 - 1), cost = (uint32_t)reply;
	return bucket_table_trade(s->unproven, prefix, sizeof(prefix), in, cost, now_ms);
}

void turn_budget_proven(struct turn_server *s, const struct addr *client, uint64_t now_ms)
{
	uint8_t prefix[ADDR_PREFIX_BYTES];
	addr_prefix(client, prefix);
	(void)bucket_table_trade(s->unproven, prefix, sizeof(prefix), UINT32_MAX, 0, now_ms);
}
