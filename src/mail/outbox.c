/*
 * Mail as files. A file is written under a temporary name and then renamed, so whoever watches the directory
 * never reads half a message; the same message written twice is one file. Thread: any; blocks.
 */
#include "mail/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 64

static bool name_ok(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
	return n > 0 && n <= NAME_MAX_BYTES && s[n] == '\0';
}

static int write_all(int fd, const uint8_t *data, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, data, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		data += w;
		n -= (size_t)w;
	}
	return fsync(fd) ? -errno : 0;
}

static int write_file(int dir, const char *temporary, const struct mail_parcel *p)
{
	int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	int rc = write_all(fd, p->message, p->n);
	if (close(fd) && rc == 0)
		rc = -errno;
	return rc;
}

static int write_in(int dir, const struct mail_parcel *p)
{
	char temporary[NAME_MAX_BYTES + 32], name[NAME_MAX_BYTES + 8];
	(void)snprintf(temporary, sizeof(temporary), ".%s.%ld", p->name, (long)gettid());
	(void)snprintf(name, sizeof(name), "%s.eml", p->name);
	int rc = write_file(dir, temporary, p);
	if (rc == 0 && renameat(dir, temporary, dir, name))
		rc = -errno;
	if (rc) {
		(void)unlinkat(dir, temporary, 0);
		return rc;
	}
	return fsync(dir) ? -errno : 0;
}

int outbox_write(const char *dir, const struct mail_parcel *p)
{
	if (!name_ok(p->name))
		return -EINVAL;
	if (mkdir(dir, 0700) && errno != EEXIST)
		return -errno;
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = write_in(fd, p);
	(void)close(fd);
	return rc;
}
