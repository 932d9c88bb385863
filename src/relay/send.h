/*
 * Messages on their way to the kernel: those of one socket share one sendmmsg().
 *
 * send_from() chooses the socket; then, for each message, send_room(), send_begin(), its parts, send_end().
 * send_all() hands over what is there, which the others do too where they have to.
 *
 * Thread: the worker's.
 */
#ifndef PARLEY_RELAY_SEND_H
#define PARLEY_RELAY_SEND_H

#include "relay/worker.h"

#define SEND_MSGS 64
#define SEND_IOV  1024
/* For where it leaves from and what its segments are. */
#define SEND_CTRL_BYTES 96

/* What the kernel takes in one message, with some room for headers. */
#define BURST_MAX_SEGMENTS 64
#define BURST_MAX_BYTES    65000

/* What a message holds. */
struct send_what {
	struct lane *lane; /* NULL: a reply */
	uint32_t first;    /* index of its first entry */
	uint32_t count;    /* of datagrams */
	uint32_t segment;  /* bytes of each but the last, which may be shorter */
	uint32_t bytes;    /* in all */
};

struct sender {
	struct worker *w;
	int fd;
	unsigned n_msgs, n_iov;
	unsigned full; /* messages of this batch that there was no room for */
	struct mmsghdr msgs[SEND_MSGS];
	struct send_what what[SEND_MSGS];
	struct iovec iov[SEND_IOV];
	uint8_t ctrl[SEND_MSGS][SEND_CTRL_BYTES];
};

/** send_from() - messages from here on are @fd's. */
void send_from(struct sender *sn, int fd);

/** send_room() - for one more message of whatever size. */
void send_room(struct sender *sn);

/** send_begin() - a message to @to, from the socket's own address or from @from, if not NULL. */
struct msghdr *send_begin(struct sender *sn, const struct addr *to, const struct addr *from);
/** send_add(), send_entry() - what comes next in it. */
void send_add(struct sender *sn, const void *data, size_t n);
void send_entry(struct sender *sn, const struct out_entry *e);
void send_end(struct sender *sn, struct msghdr *m, const struct send_what *what);

/** send_all() - to the kernel. What it does not take is counted. */
void send_all(struct sender *sn);

/** send_is_report() - may @err be that of an earlier packet (ICMP)? Such is told once, by whatever comes
 * next, and that is not sent. */
bool send_is_report(int err);

static inline uint32_t out_entry_bytes(const struct out_entry *e)
{
	return (uint32_t)e->head_len + e->len + e->pad;
}

#endif
