/* For the tests of rooms that last: a room, and clients who try its door. */
#ifndef PARLEY_SIGNAL_TESTKIT_DOOR_H
#define PARLEY_SIGNAL_TESTKIT_DOOR_H

#include "signal/testkit.h"

#define ADA "adaadaadaadaada0"
#define BOB "bobbobbobbobbob0"

/* Ada's, with nothing in the way. */
extern const struct signal_room_info open_door;

/** door_join() - hello where it is due, and `join`. Return: what is said to it. */
json_t *door_join(struct kit_client *c, const char *members);

/** door_joins() - the same; @answer: the type of what is said, or the code of the error. */
void door_joins(struct kit_client *c, const char *members, const char *answer);

/** door_enters() - the same with a pass; NULL: without. */
void door_enters(struct kit_client *c, const char *pass, const char *answer);

/** door_is_host() - @c is told next that @host is host. */
void door_is_host(struct kit_client *c, const struct kit_client *host);

#endif
