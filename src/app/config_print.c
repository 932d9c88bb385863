/* The commented example file, made from the table. */
#include "app/config.h"

#include <string.h>

/* Help as comment lines of at most 100 columns. */
static void print_wrapped(FILE *out, const char *text)
{
	const size_t width = 98;
	while (*text) {
		size_t n = strlen(text);
		if (n > width) {
			n = width;
			while (n > 0 && text[n] != ' ')
				n--;
		}
		(void)fprintf(out, "# %.*s\n", (int)n, text);
		text += n;
		while (*text == ' ')
			text++;
	}
}

static void print_allowed(FILE *out, const struct config_option *o)
{
	if (o->type == CONFIG_UINT)
		(void)fprintf(out, "# %llu to %llu %s.\n", (unsigned long long)o->min,
			      (unsigned long long)o->max, o->unit);
	else if (o->type == CONFIG_CHOICE)
		(void)fprintf(out, "# %s.\n", o->unit);
	else if (o->type == CONFIG_BOOL)
		(void)fprintf(out, "# on or off.\n");
}

void config_print_example(FILE *out)
{
	(void)fprintf(
		out,
		"# Parley's options and their defaults. A line that begins with ; or # is a comment.\n"
		"# Each can also be given as PARLEY_SECTION_KEY in the environment or as --set "
		"section.key=value.\n"
		"# An option that may be given several times is a list; in the environment its values are\n"
		"# parted by commas (but a secret is one value). A comment stands on a line of its own.\n");
	const char *section = "";
	for (size_t i = 0; i < config_options_count; i++) {
		const struct config_option *o = &config_options[i];
		if (strcmp(section, o->section) != 0)
			(void)fprintf(out, "\n[%s]\n", o->section);
		section = o->section;
		(void)fprintf(out, "\n");
		print_wrapped(out, o->help);
		print_allowed(out, o);
		if (o->reloadable)
			(void)fprintf(out, "# Takes effect on SIGHUP.\n");
		(void)fprintf(out, ";%s = %s\n", o->key, o->value);
	}
}
