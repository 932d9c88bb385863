/* See secret.h. Blocking: called at start only. */
#include "app/secret.h"

#include "base/rand.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_PATH_MAX 512

static int read_key(const char *path, uint8_t *out, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	uint8_t key[128];
	ssize_t got = read(fd, key, sizeof(key));
	int rc = got < 0 ? -errno : 0;
	(void)close(fd);
	if (rc)
		return rc;
	if ((size_t)got != n)
		return -EBADMSG;
	memcpy(out, key, n);
	return 0;
}

static int write_all(int fd, const uint8_t *data, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, data, n);
		if (w < 0)
			return -errno;
		data += w;
		n -= (size_t)w;
	}
	return fsync(fd) ? -errno : 0;
}

/* link() instead of rename(): it fails where another process was first, whose key then counts. */
static int publish(const char *temporary, const char *path)
{
	int rc = link(temporary, path) ? -errno : 0;
	(void)unlink(temporary);
	return rc == -EEXIST ? 0 : rc;
}

static int make_key(const char *path, size_t n)
{
	char temporary[SECRET_PATH_MAX + 16];
	uint8_t key[128];
	(void)snprintf(temporary, sizeof(temporary), "%s.%ld", path, (long)getpid());
	int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	rand_bytes(NULL, key, n);
	int rc = write_all(fd, key, n);
	(void)close(fd);
	if (rc) {
		(void)unlink(temporary);
		return rc;
	}
	return publish(temporary, path);
}

static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int rc = fsync(fd) ? -errno : 0;
	(void)close(fd);
	return rc;
}

int secret_load(const char *dir, const char *name, uint8_t *out, size_t n)
{
	char path[SECRET_PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (len < 0 || (size_t)len >= sizeof(path) || n > 128)
		return -ENAMETOOLONG;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return -errno;
	int rc = read_key(path, out, n);
	if (rc != -ENOENT)
		return rc;
	rc = make_key(path, n);
	if (rc == 0)
		rc = sync_dir(dir);
	return rc ? rc : read_key(path, out, n);
}
