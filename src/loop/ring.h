/*
 * A ring of byte records from one thread to one other, without a lock. Records lie in one piece, so the
 * reader uses them where they are and gives the room back when it is done with them.
 */
#ifndef PARLEY_LOOP_RING_H
#define PARLEY_LOOP_RING_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct ring;

/** ring_new() - @bytes: a power of two, at least 64. Return: NULL if out of memory. */
struct ring *ring_new(uint32_t bytes) MUST_CHECK;
struct ring *ring_free(struct ring *r);

/** ring_reserve() - room for a record of @len bytes, at most a quarter of the ring. Return: NULL: full.
 * Thread: writer. */
uint8_t *ring_reserve(struct ring *r, uint32_t len) MUST_CHECK;

/** ring_commit() - the record last reserved is complete: the reader may see it. Thread: writer. */
void ring_commit(struct ring *r);

/**
 * ring_peek() - the next record not yet peeked at; it stays valid until ring_release()
 * Return: NULL: there is none. Thread: reader.
 */
const uint8_t *ring_peek(struct ring *r, uint32_t *len) MUST_CHECK;

/** ring_release() - give back the room of all that was peeked at. Thread: reader. */
void ring_release(struct ring *r);

#endif
