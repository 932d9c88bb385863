/*
 * This machine's addresses, and what follows from them: which peers are the machine itself, and from which
 * addresses it relays. Thread: the control loop's.
 */
#include "relay/worker.h"

#include "base/mem.h"

#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

/* Only what identifies an address, so that equal ones are equal byte for byte. */
static bool plain(const struct sockaddr *sa, struct addr *out)
{
	struct addr a;
	if (!sa || addr_from_sockaddr(&a, sa) < 0)
		return false;
	memset(out, 0, sizeof(*out));
	out->sa.sa_family = a.sa.sa_family;
	if (a.sa.sa_family == AF_INET) {
		out->in.sin_addr = a.in.sin_addr;
	} else {
		out->in6.sin6_addr = a.in6.sin6_addr;
		out->in6.sin6_scope_id = a.in6.sin6_scope_id;
	}
	return true;
}

int addresses_own(struct address_list *out)
{
	struct ifaddrs *all = NULL;
	if (getifaddrs(&all) < 0)
		return -errno;
	size_t max = 1;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		max++;
	struct address_list l = {.items = mem_zalloc(max * sizeof(*l.items))};
	for (const struct ifaddrs *i = all; l.items && i; i = i->ifa_next)
		l.count += plain(i->ifa_addr, &l.items[l.count]);
	freeifaddrs(all);
	if (!l.items)
		return -ENOMEM;
	qsort(l.items, l.count, sizeof(*l.items), compare);
	*out = l;
	return 0;
}

void addresses_free(struct address_list *l)
{
	mem_free(l->items);
	*l = (struct address_list){0};
}

bool addresses_equal(const struct address_list *a, const struct address_list *b)
{
	return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof(*a->items)) == 0;
}

static bool is_any(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ? a->in.sin_addr.s_addr == htonl(INADDR_ANY)
					  : IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

static bool has_external(const struct relay_params *p, int family)
{
	for (size_t i = 0; i < p->n_external; i++)
		if (p->external[i].public.sa.sa_family == family)
			return true;
	return false;
}

/* May clients reach us at @a? */
static bool is_listened(const struct relay_params *p, const struct addr *a)
{
	for (size_t i = 0; i < p->n_listen; i++) {
		const struct addr *l = &p->listen[i];
		/* IPv6's "any" means both families. */
		if (is_any(l) ? l->sa.sa_family == AF_INET6 || l->sa.sa_family == a->sa.sa_family
			      : addr_same_ip(l, a))
			return true;
	}
	return false;
}

static bool is_link_local(const struct addr *a)
{
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&a->in6.sin6_addr);
}

/* For a relayed address of a family that the client did not come by: rather one that others can reach. */
static void choose_outside(struct addr outside[2], const struct addr *a)
{
	struct addr *at = &outside[a->sa.sa_family == AF_INET6];
	if (at->sa.sa_family == AF_UNSPEC || (addr_is_loopback(at) && !addr_is_loopback(a)))
		*at = *a;
}

static int make_policy(const struct relay_params *p, const struct address_list *own,
		       const struct addr *relayed, size_t n_relayed, struct turn_policy **out)
{
	return turn_policy_new(p->allow, p->n_allow, own->items, own->count, relayed, n_relayed, out);
}

int addresses_make(const struct relay_params *p, const struct address_list *own, struct worker_addresses *out)
{
	struct worker_addresses made = {0};
	struct addr *relayed = mem_zalloc((own->count + p->n_external + 1) * sizeof(*relayed));
	size_t n = 0;
	if (!relayed)
		return -ENOMEM;
	for (size_t i = 0; i < own->count; i++) {
		const struct addr *a = &own->items[i];
		if (!is_listened(p, a) || is_link_local(a))
			continue;
		choose_outside(made.outside, a);
		if (!has_external(p, a->sa.sa_family))
			relayed[n++] = *a;
	}
	for (size_t i = 0; i < p->n_external; i++)
		relayed[n++] = p->external[i].public;
	int r = make_policy(p, own, relayed, n, &made.policy);
	mem_free(relayed);
	if (r == 0)
		*out = made;
	return r;
}
