/*
 * Allocation that tests can make fail. All of Parley's own code allocates here; libraries do as they like.
 * Every function is thread-safe except mem_fail_*(), which only single-threaded tests call.
 */
#ifndef PARLEY_BASE_MEM_H
#define PARLEY_BASE_MEM_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** mem_alloc() - @size bytes, uninitialised. Return: NULL if out of memory. Free with mem_free(). */
void *mem_alloc(size_t size) MUST_CHECK;

/** mem_zalloc() - @size bytes of zero. Return: NULL if out of memory. */
void *mem_zalloc(size_t size) MUST_CHECK;

/** mem_realloc() - as realloc(); on NULL the old block is untouched. @size must not be 0. */
void *mem_realloc(void *old, size_t size) MUST_CHECK;

/** mem_dup() - a copy of @size bytes with a NUL put after them. */
void *mem_dup(const void *data, size_t size) MUST_CHECK;

/** mem_strdup() - a copy of the string @s. */
char *mem_strdup(const char *s) MUST_CHECK;

/** mem_free() - NULL-safe. */
void mem_free(void *ptr);

/** mem_trim() - give the system what is free. Looks through all that is: for after much has been freed. */
void mem_trim(void);

/** mem_forget() - give the system the whole pages within @size bytes at @ptr, which stay ours: what they held
 * is zero from now on. */
void mem_forget(void *ptr, size_t size);

/**
 * mem_fail_after() - let @n allocations succeed and fail every later one, until mem_fail_never()
 *
 * For allocation-failure sweeps: run a scenario with n = 0, 1, 2, … until mem_fail_hit() says that none
 * failed.
 */
void mem_fail_after(uint64_t n);
void mem_fail_never(void);
bool mem_fail_hit(void);

#endif
