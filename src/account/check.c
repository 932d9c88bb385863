/*
 * What people give, checked once: addresses, names, languages.
 *
 * Thread: any. Pure.
 */
#include "account/inside.h"

#include "base/text.h"

#include <string.h>

#define NAME_CHARS 40

int account_fault(struct account_fault *fault, const char *field, const char *reason)
{
	if (fault)
		*fault = (struct account_fault){.field = field, .reason = reason};
	return ACCOUNT_E_FIELD;
}

/* A domain that mail can come to from elsewhere: more than one label, and no address in digits. */
static bool domain_is_public(const char *email)
{
	const char *dot = strrchr(email, '.');
	if (!dot || dot < strchr(email, '@'))
		return false;
	return strspn(dot + 1, "0123456789") != strlen(dot + 1);
}

int account_check_email(const char *email, char out[ACCOUNT_EMAIL_MAX + 1], struct account_fault *fault)
{
	size_t n = email ? strnlen(email, ACCOUNT_EMAIL_MAX + 1) : 0;
	if (n == 0)
		return account_fault(fault, "email", "An e-mail address is needed.");
	if (n > ACCOUNT_EMAIL_MAX || !text_email_ok(email, n) || !domain_is_public(email))
		return account_fault(fault, "email", "This is not an e-mail address.");
	for (size_t i = 0; i <= n; i++)
		out[i] = email[i] >= 'A' && email[i] <= 'Z' ? (char)(email[i] | 0x20) : email[i];
	return 0;
}

int account_check_name(const char *name, char out[ACCOUNT_NAME_BYTES + 1], struct account_fault *fault)
{
	const char *start;
	size_t len;
	if (!name || name[strspn(name, " \t\r\n")] == '\0')
		return account_fault(fault, "name", "A name is needed.");
	/* Bounded before it is looked at: white space around a name is trimmed, but not megabytes of it. */
	size_t n = strnlen(name, 4 * ACCOUNT_NAME_BYTES + 1);
	if (n > 4 * ACCOUNT_NAME_BYTES)
		return account_fault(fault, "name", "This name is too long.");
	if (text_clean_name(name, n, NAME_CHARS, ACCOUNT_NAME_BYTES, &start, &len) != 0)
		return account_fault(
			fault, "name",
			"A name has at most 40 characters, some that can be seen and none that hide.");
	memcpy(out, start, len);
	out[len] = '\0';
	return 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The outline of BCP 47 (RFC 5646 §2.1): subtags of up to 8 letters and digits, the first of 2 or 3 letters.
 */
static bool language_ok(const char *s)
{
	size_t in_tag = 0;
	bool first = true;
	for (; *s; s++) {
		if (*s == '-') {
			if (in_tag == 0 || (first && in_tag < 2))
				return false;
			in_tag = 0;
			first = false;
			continue;
		}
		if (!is_letter(*s) && (first || *s < '0' || *s > '9'))
			return false;
		if (++in_tag > (first ? 3 : 8))
			return false;
	}
	return first ? in_tag >= 2 : in_tag > 0;
}

int account_check_language(const char *language, char out[ACCOUNT_LANGUAGE_MAX + 1],
			   struct account_fault *fault)
{
	if (!language || !*language) {
		*out = '\0';
		return 0;
	}
	size_t n = strnlen(language, ACCOUNT_LANGUAGE_MAX + 1);
	if (n > ACCOUNT_LANGUAGE_MAX || !language_ok(language))
		return account_fault(fault, "language", "This is not a language tag such as en or pt-BR.");
	memcpy(out, language, n + 1);
	return 0;
}

/*
 * Lower case of the letters that have one of the same length in UTF-8: Latin with its accents, Greek,
 * Cyrillic, Armenian. Written out, because libc's towlower() depends on the locale, and what is in the
 * database must not.
 */
static uint32_t lower(uint32_t cp)
{
	if ((cp >= 'A' && cp <= 'Z') || (cp >= 0xC0 && cp <= 0xDE && cp != 0xD7))
		return cp + 32;
	/* Latin Extended-A: capital and small side by side, the capital even in one run and odd in the
	 * others. */
	if ((cp >= 0x100 && cp <= 0x12F) || (cp >= 0x132 && cp <= 0x137) || (cp >= 0x14A && cp <= 0x177))
		return cp | 1;
	if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17E))
		return cp + (cp & 1);
	if (cp >= 0x391 && cp <= 0x3AB && cp != 0x3A2)
		return cp + 32;
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 80;
	if (cp >= 0x410 && cp <= 0x42F)
		return cp + 32;
	if (cp >= 0x531 && cp <= 0x556)
		return cp + 48;
	return cp;
}

void account_name_key(const char *name, char out[ACCOUNT_NAME_BYTES + 1])
{
	size_t n = strnlen(name, ACCOUNT_NAME_BYTES);
	memcpy(out, name, n);
	out[n] = '\0';
	uint32_t cp;
	for (size_t i = 0, len; (len = text_next_char((const uint8_t *)name + i, n - i, &cp)) > 0; i += len) {
		uint32_t low = lower(cp);
		if (len == 1) {
			out[i] = (char)low;
		} else if (len == 2) {
			out[i] = (char)(0xC0 | low >> 6);
			out[i + 1] = (char)(0x80 | (low & 0x3F));
		}
	}
}
