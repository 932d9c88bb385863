/* Session descriptions, candidates, room ids, tickets, and the replay queue. */
#include "base/mem.h"
#include "signal/candidate.h"
#include "signal/ids.h"
#include "signal/replay.h"
#include "signal/sdp.h"
#include "signal/ticket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define HEAD "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"

static int check_sdp(const char *sdp, size_t n)
{
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, sdp, n);
	int rc = sig_sdp_check(copy, n);
	free(copy);
	return rc;
}

static void good_descriptions(void **state)
{
	static const char *const good[] = {
		HEAD,
		"v=0\r\no=mozilla...THIS_IS_SDPARTA-99.0 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 "
		"0\r\na=sendrecv\r\n",
		("v=0\r\no=- 1 2 IN IP6 ::1\r\ns= \r\ni=x\r\nu=x\r\ne=x\r\np=x\r\nc=x\r\nb=x\r\nt=0 "
		 "0\r\nr=x\r\n"
		 "z=x\r\nk=x\r\na=x\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"),
		(HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
		      "a=candidate:1 1 udp 2122260223 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n"),
		HEAD "a=tab\there\r\n",
		HEAD "a=quote\"back\\slash\r\n",
		HEAD "a=caf\xc3\xa9\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(check_sdp(good[i], strlen(good[i])), 0);
}

static void bad_descriptions(void **state)
{
	static const char *const bad[] = {
		"",
		"v=0\r\n",
		"v=1\r\no=x\r\ns=x\r\nt=0 0\r\n",
		"v=00\r\no=x\r\ns=x\r\nt=0 0\r\n",
		"o=x\r\nv=0\r\ns=x\r\nt=0 0\r\n",
		"v=0\r\ns=x\r\no=x\r\nt=0 0\r\n",
		"v=0\r\no=x\r\nt=0 0\r\ns=x\r\n",
		"v=0\r\no=x\r\ns=x\r\n",
		"v=0\r\no=x\r\ns=x\r\nm=audio 9 RTP 0\r\nt=0 0\r\n",
		HEAD "v=0\r\n",
		HEAD "o=x\r\n",
		HEAD "s=x\r\n",
		HEAD "a=x",
		HEAD "a=x\r",
		HEAD "a=x\n",
		HEAD "a=x\n\r",
		HEAD "\r\n",
		HEAD "a=\r\n",
		HEAD "a\r\n",
		HEAD "ax\r\n",
		HEAD "A=x\r\n",
		HEAD "y=x\r\n",
		HEAD "=x\r\n",
		HEAD " a=x\r\n",
		HEAD "a=x\ry\r\n",
		HEAD "a=x\x01\r\n",
		HEAD "a=x\x7f\r\n",
		HEAD "a=x\xff\r\n",
		HEAD "a=x\xc3\r\n",
		HEAD "a=candidate:\r\n",
		HEAD "a=candidate:1 1 udp 1 example.org 9 typ host\r\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		print_message("# %zu\n", i);
		assert_int_equal(check_sdp(bad[i], strlen(bad[i])), -EINVAL);
	}
	assert_int_equal(check_sdp(HEAD "a=x\0y\r\n", sizeof(HEAD "a=x\0y\r\n") - 1), -EINVAL);
}

static void lines_and_media_are_counted(void **state)
{
	static char sdp[SIG_SDP_MAX_LINES * 8];
	size_t n = sizeof(HEAD) - 1;

	memcpy(sdp, HEAD, n);
	for (int i = 4; i < SIG_SDP_MAX_LINES; i++, n += 5)
		memcpy(sdp + n, "a=x\r\n", 5);
	assert_int_equal(check_sdp(sdp, n), 0);
	memcpy(sdp + n, "a=x\r\n", 5);
	assert_int_equal(check_sdp(sdp, n + 5), -EINVAL);
	n = sizeof(HEAD) - 1;
	for (int i = 0; i < SIG_SDP_MAX_MEDIA; i++, n += 5)
		memcpy(sdp + n, "m=x\r\n", 5);
	assert_int_equal(check_sdp(sdp, n), 0);
	memcpy(sdp + n, "m=x\r\n", 5);
	assert_int_equal(check_sdp(sdp, n + 5), -EINVAL);
}

static int check_candidate(const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	int rc = sig_candidate_check(copy, n);
	free(copy);
	return rc;
}

static void good_candidates(void **state)
{
	static const char *const good[] = {
		"",
		"candidate:1467250027 1 udp 2122260223 192.168.0.196 46243 typ host generation 0 ufrag EsAw "
		"network-id 1",
		"candidate:0 1 UDP 2122252543 3f0c1a2e-98f5-4d3c-9d7a-0f1d2c3b4a59.local 54321 typ host",
		"candidate:435653019 2 tcp 1845501695 2001:db8::1 9 typ srflx raddr :: rport 0 tcptype "
		"active",
		"candidate:a+/Z 256 x!y 2147483647 ::ffff:192.0.2.1 65535 typ prflx raddr 10.0.0.1 rport 1",
		"candidate:1 1 udp 1 0.0.0.0 0 typ relay raddr a.local rport 9",
		"candidate:12345678901234567890123456789012 1 udp 1 192.0.2.1 1 typ host",
	};

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(check_candidate(good[i]), 0);
}

static void bad_candidates(void **state)
{
	static const char *const bad[] = {
		" ",
		"candidate",
		"candidate:",
		"a=candidate:1 1 udp 1 192.0.2.1 1 typ host",
		"Candidate:1 1 udp 1 192.0.2.1 1 typ host",
		"candidate: 1 udp 1 192.0.2.1 1 typ host",
		"candidate:123456789012345678901234567890123 1 udp 1 192.0.2.1 1 typ host",
		"candidate:1_ 1 udp 1 192.0.2.1 1 typ host",
		"candidate:1 0 udp 1 192.0.2.1 1 typ host",
		"candidate:1 257 udp 1 192.0.2.1 1 typ host",
		"candidate:1 -1 udp 1 192.0.2.1 1 typ host",
		"candidate:1 1  1 192.0.2.1 1 typ host",
		"candidate:1 1 u,p 1 192.0.2.1 1 typ host",
		"candidate:1 1 udpudpudpudpudpud 1 192.0.2.1 1 typ host",
		"candidate:1 1 udp 0 192.0.2.1 1 typ host",
		"candidate:1 1 udp 2147483648 192.0.2.1 1 typ host",
		"candidate:1 1 udp 99999999999 192.0.2.1 1 typ host",
		"candidate:1 1 udp 1 192.0.2 1 typ host",
		"candidate:1 1 udp 1 192.0.2.256 1 typ host",
		"candidate:1 1 udp 1 fe80::1%eth0 1 typ host",
		"candidate:1 1 udp 1 [::1] 1 typ host",
		"candidate:1 1 udp 1 .local 1 typ host",
		"candidate:1 1 udp 1 a..local 1 typ host",
		"candidate:1 1 udp 1 a.local. 1 typ host",
		"candidate:1 1 udp 1 a_b.local 1 typ host",
		"candidate:1 1 udp 1 a.LOCAL 1 typ host",
		("candidate:1 1 udp 1 1234567890123456789012345678901234567890123456789012345678901234.local "
		 "1 "
		 "typ host"),
		"candidate:1 1 udp 1 192.0.2.1 65536 typ host",
		"candidate:1 1 udp 1 192.0.2.1  typ host",
		"candidate:1 1 udp 1 192.0.2.1 1 host",
		"candidate:1 1 udp 1 192.0.2.1 1 typ",
		"candidate:1 1 udp 1 192.0.2.1 1 typ ",
		"candidate:1 1 udp 1 192.0.2.1 1 typ HOST",
		"candidate:1 1 udp 1 192.0.2.1 1 typ hosts",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host ",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host generation",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host generation ",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host  0",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host a 0  b 1",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host a\tb 0",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host a \xc3\xa9",
		"candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=x",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		print_message("# %zu\n", i);
		assert_int_equal(check_candidate(bad[i]), -EINVAL);
	}
}

static void candidates_have_a_length(void **state)
{
	char text[SIG_CANDIDATE_MAX + 1];
	static const char head[] = "candidate:1 1 udp 1 192.0.2.1 1 typ host a ";

	memset(text, 'x', sizeof(text));
	memcpy(text, head, sizeof(head) - 1);
	assert_int_equal(sig_candidate_check(text, SIG_CANDIDATE_MAX), 0);
	assert_int_equal(sig_candidate_check(text, SIG_CANDIDATE_MAX + 1), -EINVAL);
}

static struct sig_str str(const char *text)
{
	return (struct sig_str){text, strlen(text)};
}

static void room_ids_as_people_write_them(void **state)
{
	char id[SIGNAL_ROOM_ID_LEN + 1];

	assert_int_equal(sig_room_id_parse(str("  ABCDE fghjk-MNPQRSTVWO ilz  "), id), -EINVAL);
	assert_int_equal(sig_room_id_parse(str(" ABCDE fghjk-MNPQRSTVWO "), id), 0);
	assert_string_equal(id, "abcde-fghjk-mnpqr-stvw0");
	assert_int_equal(sig_room_id_parse(str("oOiIlL0123456789xyz-----j"), id), 0);
	assert_string_equal(id, "00111-10123-45678-9xyzj");
	assert_int_equal(sig_room_id_parse(str(""), id), -EINVAL);
	assert_int_equal(sig_room_id_parse(str("abcde-fghjk-mnpqr-stvwu"), id), -EINVAL);
	assert_int_equal(sig_room_id_parse(str("abcde-fghjk-mnpqr-stvw"), id), -EINVAL);
	assert_int_equal(sig_room_id_parse(str("abcde-fghjk-mnpqr-stvw00"), id), -EINVAL);
	assert_int_equal(sig_room_id_parse(str("abcde_fghjk_mnpqr_stvw0"), id), -EINVAL);
	assert_int_equal(sig_room_id_parse((struct sig_str){"abcde-fghjk-mnpqr-stvw\0", 23}, id), -EINVAL);
	assert_int_equal(
		sig_room_id_parse(str("abcde-fghjk-mnpqr-stvw0                                          "),
				  id),
		-EINVAL);
	assert_string_equal(id, "00111-10123-45678-9xyzj");
}

static void counting(void *arg, uint8_t *out, size_t n)
{
	uint8_t *next = arg;

	for (size_t i = 0; i < n; i++)
		out[i] = (*next)++;
}

static void drawn_room_ids_are_canonical(void **state)
{
	char drawn[SIGNAL_ROOM_ID_LEN + 1], parsed[SIGNAL_ROOM_ID_LEN + 1],
		before[SIGNAL_ROOM_ID_LEN + 1] = "";
	uint8_t next = 0;

	for (int i = 0; i < 200; i++) {
		sig_room_id_draw(counting, &next, drawn);
		assert_int_equal(sig_room_id_parse(str(drawn), parsed), 0);
		assert_string_equal(drawn, parsed);
		assert_string_not_equal(drawn, before);
		memcpy(before, drawn, sizeof(drawn));
	}
}

static const struct sig_ticket ticket = {
	.start = {1, 2, 3},
	.room = "abcde-fghjk-mnpqr-stvw0",
	.participant = "0123456789abcdef",
	.name = "Zoë",
	.issued_ms = UINT64_C(1700000000123),
	.generation = UINT64_C(0x123456789a),
	.host = true,
};

static void tickets_come_back_whole(void **state)
{
	uint8_t key[SIGNAL_TICKET_KEY_BYTES] = {7};
	char text[SIG_TICKET_LEN_MAX + 1];
	struct sig_ticket back, longest = ticket;

	size_t n = sig_ticket_seal(&ticket, key, "", text);
	assert_int_equal(n, strlen(text));
	assert_int_equal(sig_ticket_open(str(text), key, "", &back), 0);
	assert_memory_equal(back.start, ticket.start, sizeof(back.start));
	assert_string_equal(back.room, ticket.room);
	assert_string_equal(back.participant, ticket.participant);
	assert_int_equal(back.issued_ms, ticket.issued_ms);
	assert_string_equal(back.name, ticket.name);
	assert_int_equal(back.generation, ticket.generation);
	assert_true(back.host);
	assert_false(back.knock);
	assert_false(back.first_host);
	memset(longest.name, 'n', SIG_NAME_MAX_BYTES);
	longest.host = false;
	longest.knock = longest.first_host = true;
	assert_int_equal(sig_ticket_seal(&longest, key, "", text), SIG_TICKET_LEN_MAX);
	assert_int_equal(sig_ticket_open(str(text), key, "", &back), 0);
	assert_string_equal(back.name, longest.name);
	assert_false(back.host);
	assert_true(back.knock);
	assert_true(back.first_host);
}

static void every_changed_symbol_spoils_a_ticket(void **state)
{
	uint8_t key[SIGNAL_TICKET_KEY_BYTES] = {7};
	char text[SIG_TICKET_LEN_MAX + 2];
	struct sig_ticket back;

	size_t n = sig_ticket_seal(&ticket, key, "", text);
	for (size_t i = 0; i < n; i++) {
		char was = text[i];
		text[i] = was == 'A' ? 'B' : 'A';
		assert_int_equal(sig_ticket_open(str(text), key, "", &back), -EINVAL);
		text[i] = was;
	}
	assert_int_equal(sig_ticket_open((struct sig_str){text, n - 1}, key, "", &back), -EINVAL);
	memcpy(text + n, "A", 2);
	assert_int_equal(sig_ticket_open(str(text), key, "", &back), -EINVAL);
	text[n] = '\0';
	assert_int_equal(sig_ticket_open(str(text), key, "", &back), 0);
	key[31] ^= 1;
	assert_int_equal(sig_ticket_open(str(text), key, "", &back), -EINVAL);
}

static void replay_keeps_what_is_not_acknowledged(void **state)
{
	struct sig_replay r = {0};

	for (uint64_t seq = 1; seq <= 5; seq++)
		sig_replay_push(&r, seq, "message", 7, 1000);
	assert_true(sig_replay_covers(&r, 0));
	sig_replay_ack(&r, 2);
	assert_int_equal(r.first->seq, 3);
	assert_false(sig_replay_covers(&r, 1));
	assert_true(sig_replay_covers(&r, 2));
	sig_replay_ack(&r, 1);
	assert_int_equal(r.first->seq, 3);
	sig_replay_ack(&r, 5);
	assert_null(r.first);
	assert_null(r.last);
	assert_int_equal(r.bytes, 0);
	assert_true(sig_replay_covers(&r, 5));
}

static void replay_gives_up_the_oldest(void **state)
{
	size_t one = sizeof(struct sig_replay_block) + 10;
	struct sig_replay r = {0};

	for (uint64_t seq = 1; seq <= 5; seq++)
		sig_replay_push(&r, seq, "0123456789", 10, 3 * one);
	assert_int_equal(r.first->seq, 3);
	assert_int_equal(r.bytes, 3 * one);
	assert_false(sig_replay_covers(&r, 1));
	assert_true(sig_replay_covers(&r, 2));
	/* What cannot be kept at all takes the rest with it. */
	sig_replay_push(&r, 6, "0123456789", 10, one - 1);
	assert_null(r.first);
	assert_false(sig_replay_covers(&r, 5));
	assert_true(sig_replay_covers(&r, 6));
	sig_replay_push(&r, 7, "0123456789", 10, one);
	mem_fail_after(0);
	sig_replay_push(&r, 8, "0123456789", 10, 3 * one);
	mem_fail_never();
	assert_null(r.first);
	assert_int_equal(r.bytes, 0);
	assert_false(sig_replay_covers(&r, 7));
	assert_true(sig_replay_covers(&r, 8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_descriptions),
		cmocka_unit_test(bad_descriptions),
		cmocka_unit_test(lines_and_media_are_counted),
		cmocka_unit_test(good_candidates),
		cmocka_unit_test(bad_candidates),
		cmocka_unit_test(candidates_have_a_length),
		cmocka_unit_test(room_ids_as_people_write_them),
		cmocka_unit_test(drawn_room_ids_are_canonical),
		cmocka_unit_test(tickets_come_back_whole),
		cmocka_unit_test(every_changed_symbol_spoils_a_ticket),
		cmocka_unit_test(replay_keeps_what_is_not_acknowledged),
		cmocka_unit_test(replay_gives_up_the_oldest),
	};
	return cmocka_run_group_tests_name("signal grammar", tests, NULL, NULL);
}
