/*
 * A ring of byte records from one thread to one other.
 *
 * Positions only grow; the place is their low bits. A record is a 4-byte length and the bytes, rounded up to
 * 8; one that would reach past the end is put at the start instead, after a length of SKIP. What the writer
 * writes and what the reader writes stand on cache lines of their own, and each keeps a copy of the other's
 * position, so that a line moves between cores only when the copy does not do any more.
 */
#include "loop/ring.h"

#include "base/mem.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define SKIP  UINT32_MAX
#define LINE  64
#define HEAD  4
#define ALIGN 8

struct ring {
	/* The writer's. */
	_Alignas(LINE) _Atomic uint64_t written;
	uint64_t reserved; /* `written` after the next commit */
	uint64_t read_seen;
	/* The reader's. */
	_Alignas(LINE) _Atomic uint64_t read;
	uint64_t peeked;
	uint64_t written_seen;
	/* Nobody's. */
	_Alignas(LINE) uint32_t size;
	uint8_t *mem;
	void *block; /* what was allocated, for mem.h promises no alignment to a line */
};

struct ring *ring_new(uint32_t bytes)
{
	assert(bytes >= 64 && (bytes & (bytes - 1)) == 0);
	void *block = mem_zalloc(sizeof(struct ring) + LINE + bytes + ALIGN);
	if (!block)
		return NULL;
	uintptr_t at = ((uintptr_t)block + LINE - 1) & ~(uintptr_t)(LINE - 1);
	struct ring *r = (struct ring *)at;
	r->block = block;
	r->size = bytes;
	r->mem = (uint8_t *)(r + 1);
	return r;
}

struct ring *ring_free(struct ring *r)
{
	if (r)
		mem_free(r->block);
	return NULL;
}

static uint64_t round_up(uint64_t n)
{
	return (n + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

static void put_length(struct ring *r, uint64_t pos, uint32_t len)
{
	memcpy(r->mem + (pos & (r->size - 1)), &len, sizeof(len));
}

uint8_t *ring_reserve(struct ring *r, uint32_t len)
{
	assert(len <= r->size / 4);
	uint64_t pos = atomic_load_explicit(&r->written, memory_order_relaxed);
	uint64_t need = round_up(HEAD + (uint64_t)len);
	uint64_t to_end = r->size - (pos & (r->size - 1));
	bool skip = need > to_end;
	uint64_t end = pos + (skip ? to_end : 0) + need;
	if (end - r->read_seen > r->size)
		r->read_seen = atomic_load_explicit(&r->read, memory_order_acquire);
	if (end - r->read_seen > r->size)
		return NULL;
	if (skip) {
		put_length(r, pos, SKIP);
		pos += to_end;
	}
	put_length(r, pos, len);
	r->reserved = end;
	return r->mem + (pos & (r->size - 1)) + HEAD;
}

void ring_commit(struct ring *r)
{
	atomic_store_explicit(&r->written, r->reserved, memory_order_release);
}

const uint8_t *ring_peek(struct ring *r, uint32_t *len)
{
	if (r->peeked == r->written_seen)
		r->written_seen = atomic_load_explicit(&r->written, memory_order_acquire);
	if (r->peeked == r->written_seen)
		return NULL;
	uint32_t n;
	const uint8_t *at = r->mem + (r->peeked & (r->size - 1));
	memcpy(&n, at, sizeof(n));
	if (n == SKIP) {
		r->peeked += r->size - (r->peeked & (r->size - 1));
		at = r->mem;
		memcpy(&n, at, sizeof(n));
	}
	r->peeked += round_up(HEAD + (uint64_t)n);
	*len = n;
	return at + HEAD;
}

void ring_release(struct ring *r)
{
	atomic_store_explicit(&r->read, r->peeked, memory_order_release);
}
