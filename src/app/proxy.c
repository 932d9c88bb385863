/* See proxy.h. Thread: the control loop's. */
#include "app/proxy.h"

#include <string.h>

bool proxy_is_trusted(const struct config_list *proxies, const struct addr *peer)
{
	for (size_t i = 0; i < proxies->count; i++) {
		struct addr_range r;
		if (addr_range_parse(&r, proxies->items[i]) == 0 && addr_in_range(peer, &r))
			return true;
	}
	return false;
}

/* The last member of the list of @len bytes, which becomes shorter by it. Return: its length; 0: there is
 * none. */
static size_t last_member(const char *list, size_t *len, const char **out)
{
	size_t end = *len;
	while (end > 0 && strchr(" \t,", list[end - 1]))
		end--;
	size_t start = end;
	while (start > 0 && list[start - 1] != ',')
		start--;
	*len = start;
	while (start < end && strchr(" \t", list[start]))
		start++;
	*out = list + start;
	return end - start;
}

struct addr proxy_client(const struct config_list *proxies, const struct addr *peer,
			 const char *forwarded_for)
{
	struct addr client = *peer;
	size_t len = forwarded_for ? strlen(forwarded_for) : 0;
	while (proxy_is_trusted(proxies, &client)) {
		const char *member;
		char text[ADDR_TEXT_MAX];
		struct addr next;
		size_t n = last_member(forwarded_for, &len, &member);
		if (n == 0 || n >= sizeof(text))
			break;
		memcpy(text, member, n);
		text[n] = '\0';
		if (addr_parse(&next, text, 0) || text[0] == '*')
			break;
		client = next;
	}
	return client;
}
