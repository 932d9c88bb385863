/*
 * Runs a fuzz target over a corpus, without libFuzzer and with any compiler.
 *
 * What the fuzzer once found stays found: every file of the directory given (sorted by name, so that two runs
 * compare) and the empty input go through the target as an ordinary test. A crash ends the process and with
 * it the test, and the missing plan says so too. Directories inside the corpus and dot files are passed over.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
/* A target may have one; libFuzzer calls it first, so this does too. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static int count;

static void report(bool ok, const char *name)
{
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++count, name);
	/* So that the file before a crash is seen. */
	(void)fflush(stdout);
}

/* The copy has exactly the input's size, so that the sanitizers see a read of one byte too many. */
static void run_input(const uint8_t *data, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy)
		abort();
	if (n)
		memcpy(copy, data, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static uint8_t *read_file(FILE *file, size_t size)
{
	uint8_t *data = malloc(size ? size : 1);
	if (data && fread(data, 1, size, file) == size)
		return data;
	free(data);
	return NULL;
}

/* Return: 0; -errno. */
static int run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return -errno;
	uint8_t *data = read_file(file, size);
	(void)fclose(file);
	if (!data)
		return -EIO;
	run_input(data, size);
	free(data);
	return 0;
}

/* Return: whether there was a file to run. */
static bool run_entry(const char *dir, const char *name, bool *all_ok)
{
	char path[4096];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", dir, name);
	int r = 0;
	if (n < 0 || (size_t)n >= sizeof(path))
		r = -ENAMETOOLONG;
	else if (stat(path, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		return false;
	else
		r = run_file(path, (size_t)st.st_size);
	if (r < 0) {
		printf("# %s: %s\n", name, strerror(-r));
		*all_ok = false;
	}
	report(r == 0, name);
	return true;
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s CORPUS-DIRECTORY\n", argv[0]);
		return 2;
	}
	struct dirent **entries;
	int n = scandir(argv[1], &entries, visible, alphasort);
	if (n < 0) {
		printf("Bail out! %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	if (LLVMFuzzerInitialize)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	run_input(NULL, 0);
	report(true, "empty input");

	bool all_ok = true;
	int files = 0;
	for (int i = 0; i < n; i++) {
		files += run_entry(argv[1], entries[i]->d_name, &all_ok);
		free(entries[i]);
	}
	free(entries);
	if (files == 0) {
		printf("# %s has no files\n", argv[1]);
		report(false, "corpus is not empty");
	}
	printf("1..%d\n", count);
	return files && all_ok ? 0 : 1;
}
