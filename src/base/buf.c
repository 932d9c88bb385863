/*
 * A growable byte buffer that has a maximum from birth.
 *
 * The unconsumed bytes lie in one piece at mem[start..end), because parsers and write() want them so; a ring
 * would save the move to the front but hand out two pieces. A move is paid for by what was consumed before
 * it: it happens only when the tail is out of room and half of the allocation has been consumed; else the
 * allocation doubles. The largest allocation is an eighth above the maximum, so that even there, with a peer
 * that reads byte by byte while the buffer is full, at least an eighth has been consumed between two moves.
 *
 * Invariants: start <= end <= cap; end - start <= max; mem is NULL exactly when cap is 0; an empty buffer has
 * start = end = 0.
 *
 * Thread: the owner's.
 */
#include "base/buf.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BUF_MIN_CAP 256

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_deinit(struct buf *b)
{
	mem_free(b->mem);
	*b = (struct buf){.max = b->max};
}

static void move_to_front(struct buf *b)
{
	size_t len = buf_len(b);
	memmove(b->mem, b->mem + b->start, len);
	b->start = 0;
	b->end = len;
}

static size_t largest_cap(const struct buf *b)
{
	return b->max <= SIZE_MAX - b->max / 8 ? b->max + b->max / 8 : SIZE_MAX;
}

/* The doubled size, to hold @need bytes. */
static size_t next_cap(const struct buf *b, size_t need)
{
	size_t largest = largest_cap(b);
	size_t cap = b->cap > BUF_MIN_CAP / 2 ? b->cap : BUF_MIN_CAP / 2;
	do
		cap = cap <= largest / 2 ? cap * 2 : largest;
	while (cap < need);
	return cap;
}

static int grow(struct buf *b, size_t need)
{
	size_t cap = next_cap(b, need);
	/* A new block and not realloc(), which would copy the consumed bytes as well. */
	uint8_t *mem = mem_alloc(cap);
	if (!mem)
		return -ENOMEM;
	size_t len = buf_len(b);
	if (len)
		memcpy(mem, b->mem + b->start, len);
	mem_free(b->mem);
	b->mem = mem;
	b->start = 0;
	b->end = len;
	b->cap = cap;
	return 0;
}

int buf_reserve(struct buf *b, size_t n)
{
	size_t len = buf_len(b);
	if (n > b->max - len)
		return -ENOBUFS;
	if (n <= b->cap - b->end)
		return 0;
	bool worth_moving = b->start >= b->cap / 2 || b->cap == largest_cap(b);
	if (len + n <= b->cap && worth_moving) {
		move_to_front(b);
		return 0;
	}
	return grow(b, len + n);
}

void buf_commit(struct buf *b, size_t n)
{
	assert(n <= b->cap - b->end);
	b->end += n;
}

int buf_append(struct buf *b, const void *data, size_t n)
{
	if (n == 0)
		return 0;
	int r = buf_reserve(b, n);
	if (r < 0)
		return r;
	memcpy(b->mem + b->end, data, n);
	b->end += n;
	return 0;
}

/* Text that outgrew the stack, its length now known. */
static int append_long(struct buf *b, size_t n, const char *fmt, va_list args)
{
	if (n > b->max - buf_len(b))
		return -ENOBUFS;
	char *text = mem_alloc(n + 1);
	if (!text)
		return -ENOMEM;
	(void)vsnprintf(text, n + 1, fmt, args);
	int r = buf_append(b, text, n);
	mem_free(text);
	return r;
}

int buf_vappendf(struct buf *b, const char *fmt, va_list args)
{
	/* Formatted aside and not at the tail, for vsnprintf() wants room for a NUL that the buffer has not
	   if it is to be filled to its last byte. */
	char text[1024];
	va_list again;
	va_copy(again, args);
	int n = vsnprintf(text, sizeof(text), fmt, args);
	int r;
	if (n < 0)
		r = -EINVAL;
	else if ((size_t)n < sizeof(text))
		r = buf_append(b, text, (size_t)n);
	else
		r = append_long(b, (size_t)n, fmt, again);
	va_end(again);
	return r;
}

int buf_appendf(struct buf *b, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int r = buf_vappendf(b, fmt, args);
	va_end(args);
	return r;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += n;
	if (b->start == b->end)
		buf_clear(b);
}

void buf_clear(struct buf *b)
{
	b->start = b->end = 0;
}

void buf_release(struct buf *b)
{
	if (buf_len(b) == 0)
		buf_deinit(b);
}
