/*
 * A growable byte buffer that has a maximum from birth.
 *
 * Bytes are appended at the end and consumed at the front. Nothing is allocated before the first byte.
 * One owner, no locking.
 */
#ifndef PARLEY_BASE_BUF_H
#define PARLEY_BASE_BUF_H

#include "base/compiler.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *mem; /* the allocation, or NULL */
	size_t start; /* first unconsumed byte */
	size_t end;   /* one past the last byte */
	size_t cap;   /* size of the allocation */
	size_t max;   /* most unconsumed bytes ever held */
};

/** buf_init() - empty, to hold at most @max bytes. */
void buf_init(struct buf *b, size_t max);

/** buf_deinit() - free; the struct may be initialised again. */
void buf_deinit(struct buf *b);

static inline const uint8_t *buf_data(const struct buf *b)
{
	return b->mem ? b->mem + b->start : (const uint8_t *)"";
}

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

/**
 * buf_reserve() - room for @n more bytes at buf_tail()
 * Return: 0; -ENOBUFS if that is beyond the maximum; -ENOMEM.
 */
int buf_reserve(struct buf *b, size_t n) MUST_CHECK;

/** buf_tail() - where the next byte goes; valid after a successful buf_reserve(). */
static inline uint8_t *buf_tail(struct buf *b)
{
	return b->mem + b->end;
}

/** buf_commit() - @n reserved bytes at the tail have been written. */
void buf_commit(struct buf *b, size_t n);

/** buf_append() - Return: 0; -ENOBUFS; -ENOMEM. Nothing is appended on failure. */
int buf_append(struct buf *b, const void *data, size_t n) MUST_CHECK;

/** buf_appendf() - append formatted text without a NUL. Return: as buf_append(). */
int buf_appendf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
int buf_vappendf(struct buf *b, const char *fmt, va_list args) MUST_CHECK;

/** buf_consume() - drop @n bytes from the front; n <= buf_len(). An emptied buffer keeps its memory. */
void buf_consume(struct buf *b, size_t n);

/** buf_clear() - empty, keep the memory. */
void buf_clear(struct buf *b);

/** buf_release() - if empty, give the memory back; for connections that turn idle. */
void buf_release(struct buf *b);

#endif
