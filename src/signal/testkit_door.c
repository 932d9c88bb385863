/* See testkit_door.h. */
#include "signal/testkit_door.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

const struct signal_room_info open_door = {.owner = ADA, .name = "Tea \"at\" five", .guests = true};

json_t *door_join(struct kit_client *c, const char *members)
{
	if (!c->conn)
		kit_hello(c);
	kit_say(c, "join", ",\"room\":\"%s\",\"name\":\"Client %d\"%s", c->kit->room, (int)(c - c->kit->c),
		members);
	json_t *m = kit_next(c);
	assert_non_null(m);
	if (kit_at(m, "participant"))
		(void)snprintf(c->pid, sizeof(c->pid), "%s", kit_str(m, "participant"));
	return m;
}

void door_joins(struct kit_client *c, const char *members, const char *answer)
{
	json_t *m = door_join(c, members);
	const char *type = kit_str(m, "type");

	assert_string_equal(strcmp(type, "error") == 0 ? kit_str(m, "code") : type, answer);
}

void door_enters(struct kit_client *c, const char *pass, const char *answer)
{
	char members[SIGNAL_PASS_LEN + 32] = "";

	if (pass)
		(void)snprintf(members, sizeof(members), ",\"pass\":\"%s\"", pass);
	door_joins(c, members, answer);
}

void door_is_host(struct kit_client *c, const struct kit_client *host)
{
	assert_string_equal(kit_str(kit_get(c, "host"), "participant"), host->pid);
}
