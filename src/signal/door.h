/* Who may come into a room, or to its door: lock, guests, password, and who has been removed. */
#ifndef PARLEY_SIGNAL_DOOR_H
#define PARLEY_SIGNAL_DOOR_H

#include "signal/message.h"

#define SIG_REMOVED_MAX 32 /* of a room; of more the first are forgotten */

struct sig_room;
struct sig_session;
struct sig_removed;

/** sig_door_check() - of a newcomer whom neither ownership nor a ticket lets in. Return: 0; SIG_E_*. */
int sig_door_check(const struct sig_room *r, const struct sig_session *ss, struct sig_str pass) MUST_CHECK;

/** sig_door_prepare() - so that sig_door_remember() cannot fail. Return: 0; -ENOMEM. */
int sig_door_prepare(struct sig_room *r) MUST_CHECK;

/** sig_door_remember() - @ss has been removed from @r. */
void sig_door_remember(struct sig_room *r, const struct sig_session *ss);

/** sig_door_removed() - whether somebody like @ss has been. @again_ms: when they may knock. */
bool sig_door_removed(const struct sig_room *r, const struct sig_session *ss, uint64_t *again_ms);

#endif
