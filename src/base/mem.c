/*
 * Allocation that tests can make fail.
 *
 * A thin layer over malloc(), so that the sanitizers and any allocator put in by the linker see every block.
 * The failure counter costs one relaxed load and a branch that is never taken: mem_fail_* are the only
 * writers, and outside of an allocation-failure test the flag is false for good. The flag and the counter are
 * relaxed atomics only so that a thread sanitizer need not be told about a test that leaves libuv's idle pool
 * threads around.
 *
 * Thread: any; the failure switch belongs to single-threaded tests.
 */
#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_bool fail_armed;
static _Atomic uint64_t fail_left;
static atomic_bool fail_seen;

static bool fail_counted(void)
{
	uint64_t left = atomic_load_explicit(&fail_left, memory_order_relaxed);
	if (left > 0) {
		atomic_store_explicit(&fail_left, left - 1, memory_order_relaxed);
		return false;
	}
	atomic_store_explicit(&fail_seen, true, memory_order_relaxed);
	return true;
}

static inline bool fail_now(void)
{
	if (__builtin_expect(!atomic_load_explicit(&fail_armed, memory_order_relaxed), 1))
		return false;
	return fail_counted();
}

void *mem_alloc(size_t size)
{
	if (fail_now())
		return NULL;
	/* malloc(0) may return NULL, which a caller would take for a failure. */
	return malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
	if (fail_now())
		return NULL;
	return calloc(1, size ? size : 1);
}

void *mem_realloc(void *old, size_t size)
{
	if (fail_now())
		return NULL;
	return realloc(old, size);
}

void *mem_dup(const void *data, size_t size)
{
	if (size == SIZE_MAX)
		return NULL;
	char *copy = mem_alloc(size + 1);
	if (!copy)
		return NULL;
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	return copy;
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s));
}

void mem_free(void *ptr)
{
	free(ptr);
}

void mem_trim(void)
{
	(void)malloc_trim(0);
}

void mem_forget(void *ptr, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t begin = ((uintptr_t)ptr + page - 1) / page * page;
	uintptr_t end = ((uintptr_t)ptr + size) / page * page;
	/* Fails for memory that is locked, which then simply stays. */
	if (begin < end)
		(void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

void mem_fail_after(uint64_t n)
{
	atomic_store_explicit(&fail_left, n, memory_order_relaxed);
	atomic_store_explicit(&fail_seen, false, memory_order_relaxed);
	atomic_store_explicit(&fail_armed, true, memory_order_relaxed);
}

void mem_fail_never(void)
{
	atomic_store_explicit(&fail_armed, false, memory_order_relaxed);
}

bool mem_fail_hit(void)
{
	return atomic_load_explicit(&fail_seen, memory_order_relaxed);
}
