/*
 * What all TURN servers of a process have together: the count of allocations, in all, by user and by client
 * address, and the ports that are held for a RESERVATION-TOKEN. So a quota is the same whichever worker the
 * kernel gives a client's packets to, and the second request of an EVEN-PORT pair may reach another worker
 * than the first.
 *
 * A ledger outlives its servers, whose turn_time.mono_ms is of one clock. It is asked when an allocation or a
 * reservation begins or ends, and never for a packet.
 *
 * Thread: any; a mutex inside, held for a few look-ups and nothing that waits.
 */
#ifndef PARLEY_TURN_LEDGER_H
#define PARLEY_TURN_LEDGER_H

#include "turn/turn.h"

/** turn_ledger_new() - with the three limits of allocations in @limits. Return: NULL: out of memory. */
struct turn_ledger *turn_ledger_new(const struct turn_limits *limits, rand_fn rand,
				    void *rand_arg) MUST_CHECK;

/** turn_ledger_free() - after all its servers: asserts that nothing is left in it. NULL-safe. */
struct turn_ledger *turn_ledger_free(struct turn_ledger *l);

#endif
