/*
 * Held messages are kept as the JSON that will go out, so that handing them over is copying. Candidates live
 * and die with their offer: a candidate of another offer would only disturb the browser that gets it.
 *
 * Thread: the owner's.
 */
#include "signal/held.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

struct sig_held *sig_held_new(const void *json, size_t n)
{
	struct sig_held *h = mem_alloc(sizeof(*h) + n);

	if (!h)
		return NULL;
	*h = (struct sig_held){.offer_len = n};
	memcpy(h->offer, json, n);
	return h;
}

struct sig_held *sig_held_free(struct sig_held *h)
{
	if (!h)
		return NULL;
	while (h->first) {
		struct sig_held_item *item = h->first;
		h->first = item->next;
		mem_free(item);
	}
	mem_free(h);
	return NULL;
}

int sig_held_add(struct sig_held *h, const void *json, size_t n)
{
	struct sig_held_item *item = mem_alloc(sizeof(*item) + n);

	if (!item)
		return -ENOMEM;
	item->next = NULL;
	item->len = n;
	memcpy(item->json, json, n);
	if (h->last)
		h->last->next = item;
	else
		h->first = item;
	h->last = item;
	h->count++;
	return 0;
}
