/* What the tests with TLS share. Included by tests alone. */
#ifndef PARLEY_NET_TLS_TESTING_H
#define PARLEY_NET_TLS_TESTING_H

#include "net/testing.h"
#include "net/tls_ctx.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* A temporary directory, whose files temp_dir_remove() takes away with it. */
static inline void temp_dir(char *path, size_t size)
{
	const char *base = getenv("TMPDIR");
	snprintf(path, size, "%s/parley-test-XXXXXX", base ? base : "/tmp");
	assert_non_null(mkdtemp(path));
}

static inline void temp_dir_remove(const char *path)
{
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e = readdir(d); e; e = readdir(d)) {
		char file[512];
		snprintf(file, sizeof(file), "%s/%.255s", path, e->d_name);
		if (e->d_name[0] != '.')
			unlink(file);
	}
	closedir(d);
	assert_int_equal(rmdir(path), 0);
}

/* A server context with a certificate for localhost. */
static inline struct tls_ctx *test_ctx(void)
{
	static const char *const names[] = {"localhost", "127.0.0.1"};
	char dir[256];
	temp_dir(dir, sizeof(dir));
	struct tls_ctx *ctx;
	assert_int_equal(tls_ctx_self_signed(dir, names, 2, &ctx), 0);
	temp_dir_remove(dir);
	return ctx;
}

#endif
