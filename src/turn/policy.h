/*
 * Which peers a relay may talk to. A relay that sends anywhere is a hole into somebody's private network, so
 * every special-purpose range (IANA's registries, RFC 6890) is refused, in every encoding that carries an
 * IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4, Teredo), and so are this machine's own
 * addresses. Pure.
 */
#ifndef PARLEY_TURN_POLICY_H
#define PARLEY_TURN_POLICY_H

#include "base/addr.h"

#include <stdbool.h>
#include <stddef.h>

struct turn_policy;

enum turn_refusal { TURN_ALLOWED, TURN_REFUSED_RANGE, TURN_REFUSED_PORT, TURN_REFUSED_OWN, TURN_REFUSALS };

/* The relay's own relayed address: only ever served in process. */
struct turn_verdict {
	enum turn_refusal refusal;
	bool local;
};

/**
 * turn_policy_new() - a policy, unchangeable once made
 * @allow:   private ranges that are opened (turn.allow_peers). One that touches loopback, link-local,
 * multicast or the unspecified address is refused with -EINVAL. An IPv4 range opens IPv4 addresses, not what
 * an IPv6 one carries of them.
 * @own:     addresses of this machine, all ports refused
 * @relayed: addresses under which relayed addresses are seen: these are judged local, not refused
 * Return: 0; -EINVAL; -ENOMEM.
 */
int turn_policy_new(const struct addr_range *allow, size_t n_allow, const struct addr *own, size_t n_own,
		    const struct addr *relayed, size_t n_relayed, struct turn_policy **out) MUST_CHECK;
struct turn_policy *turn_policy_free(struct turn_policy *p);

/** turn_policy_judge() - may data go to @peer? Port 0 is refused. */
struct turn_verdict turn_policy_judge(const struct turn_policy *p, const struct addr *peer);

#endif
