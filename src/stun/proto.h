/*
 * The numbers of STUN (RFC 8489), TURN (RFC 8656) and ICE (RFC 8445) on the wire, and the codes with which
 * this module tells what is wrong with a peer's message.
 */
#ifndef PARLEY_STUN_PROTO_H
#define PARLEY_STUN_PROTO_H

#include <stdint.h>

#define STUN_HEADER_BYTES   20
#define STUN_TID_BYTES      12
#define STUN_COOKIE         UINT32_C(0x2112A442)
#define STUN_MESSAGE_MAX    (STUN_HEADER_BYTES + 65532) /* the length field holds multiples of 4 */
#define STUN_SHA1_BYTES     20
#define STUN_SHA256_BYTES   32
#define STUN_USERHASH_BYTES 32
#define STUN_TOKEN_BYTES    8 /* RESERVATION-TOKEN, RFC 8656 §18.10 */

/* RFC 8489 §14.3, §14.9: what must be understood at most; what we send is shorter. */
#define STUN_TEXT_MAX_BYTES 763
#define STUN_TEXT_MAX_CHARS 127 /* not for USERNAME */

/* RFC 8489 §5 */
enum stun_class {
	STUN_REQUEST = 0,
	STUN_INDICATION = 1,
	STUN_SUCCESS = 2,
	STUN_ERROR = 3,
};

enum stun_method {
	STUN_BINDING = 0x001,
	STUN_ALLOCATE = 0x003, /* from here RFC 8656 §17 */
	STUN_REFRESH = 0x004,
	STUN_SEND = 0x006,
	STUN_DATA = 0x007,
	STUN_CREATE_PERMISSION = 0x008,
	STUN_CHANNEL_BIND = 0x009,
};

enum stun_attr_type {
	/* Comprehension required: 0x0000 to 0x7FFF */
	STUN_ATTR_MAPPED_ADDRESS = 0x0001,
	STUN_ATTR_CHANGE_REQUEST = 0x0003, /* RFC 5780 §7.2; RFC 3489 clients send it always */
	STUN_ATTR_USERNAME = 0x0006,
	STUN_ATTR_MESSAGE_INTEGRITY = 0x0008,
	STUN_ATTR_ERROR_CODE = 0x0009,
	STUN_ATTR_UNKNOWN_ATTRIBUTES = 0x000A,
	STUN_ATTR_CHANNEL_NUMBER = 0x000C,
	STUN_ATTR_LIFETIME = 0x000D,
	STUN_ATTR_XOR_PEER_ADDRESS = 0x0012,
	STUN_ATTR_DATA = 0x0013,
	STUN_ATTR_REALM = 0x0014,
	STUN_ATTR_NONCE = 0x0015,
	STUN_ATTR_XOR_RELAYED_ADDRESS = 0x0016,
	STUN_ATTR_REQUESTED_ADDRESS_FAMILY = 0x0017,
	STUN_ATTR_EVEN_PORT = 0x0018,
	STUN_ATTR_REQUESTED_TRANSPORT = 0x0019,
	STUN_ATTR_DONT_FRAGMENT = 0x001A,
	STUN_ATTR_MESSAGE_INTEGRITY_SHA256 = 0x001C,
	STUN_ATTR_PASSWORD_ALGORITHM = 0x001D,
	STUN_ATTR_USERHASH = 0x001E,
	STUN_ATTR_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_ATTR_RESERVATION_TOKEN = 0x0022,
	STUN_ATTR_PRIORITY = 0x0024,
	STUN_ATTR_USE_CANDIDATE = 0x0025,
	/* Comprehension optional: 0x8000 to 0xFFFF */
	STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY = 0x8000,
	STUN_ATTR_ADDRESS_ERROR_CODE = 0x8001,
	STUN_ATTR_PASSWORD_ALGORITHMS = 0x8002,
	STUN_ATTR_ALTERNATE_DOMAIN = 0x8003,
	STUN_ATTR_ICMP = 0x8004,
	STUN_ATTR_SOFTWARE = 0x8022,
	STUN_ATTR_ALTERNATE_SERVER = 0x8023,
	STUN_ATTR_FINGERPRINT = 0x8028,
	STUN_ATTR_ICE_CONTROLLED = 0x8029,
	STUN_ATTR_ICE_CONTROLLING = 0x802A,
};

/* RFC 8489 §14.1 */
enum stun_family {
	STUN_FAMILY_IP4 = 0x01,
	STUN_FAMILY_IP6 = 0x02,
};

/* RFC 8489 §18.5.1 */
enum stun_password_alg {
	STUN_PASSWORD_MD5 = 0x0001,
	STUN_PASSWORD_SHA256 = 0x0002,
};

/* Error codes in replies: RFC 8489 §14.8, RFC 8656 §19, RFC 8445 §16. */
enum stun_code {
	STUN_CODE_TRY_ALTERNATE = 300,
	STUN_CODE_BAD_REQUEST = 400,
	STUN_CODE_UNAUTHENTICATED = 401,
	STUN_CODE_FORBIDDEN = 403,
	STUN_CODE_UNKNOWN_ATTRIBUTE = 420,
	STUN_CODE_ALLOCATION_MISMATCH = 437,
	STUN_CODE_STALE_NONCE = 438,
	STUN_CODE_FAMILY_NOT_SUPPORTED = 440,
	STUN_CODE_WRONG_CREDENTIALS = 441,
	STUN_CODE_TRANSPORT_NOT_SUPPORTED = 442,
	STUN_CODE_PEER_FAMILY_MISMATCH = 443,
	STUN_CODE_QUOTA_REACHED = 486,
	STUN_CODE_ROLE_CONFLICT = 487,
	STUN_CODE_SERVER_ERROR = 500,
	STUN_CODE_INSUFFICIENT_CAPACITY = 508,
};

/*
 * The channel numbers that there are. RFC 8656 §12 ends them at 0x4FFF, so that a client may tell ChannelData
 * from DTLS on one socket; RFC 5766 §11 let clients go up to 0x7FFF, and those that do (coturn's) are still
 * about. Nothing else comes to a server with these first bytes, so it takes both.
 */
#define STUN_CHANNEL_MIN 0x4000
#define STUN_CHANNEL_MAX 0x7FFF

/*
 * What is wrong with a message. Positive, as it is the peer's fault; below 300, so that it never meets an
 * error code. The first five are found by stun_msg_parse(): RFC 8489 §6.3 wants such a message dropped
 * without an answer. The others are found later, when there is a transaction to answer.
 */
enum stun_fault {
	STUN_E_LENGTH = 1, /* shorter than a header; or its length field is not that of the rest, or no
			      multiple of 4 */
	STUN_E_TYPE,       /* the two top bits are not zero: not STUN */
	STUN_E_COOKIE,     /* no magic cookie: RFC 3489 or not STUN */
	STUN_E_ATTR,       /* an attribute reaches beyond the message, or one follows FINGERPRINT */
	STUN_E_ATTR_COUNT, /* more than STUN_ATTRS_MAX attributes */
	STUN_E_ABSENT,     /* the attribute asked for is not there */
	STUN_E_VALUE,      /* it is there, but its length or value is not what its definition says: 400 */
	STUN_E_INTEGRITY,  /* the HMAC or CRC is not that of this message */
	STUN_E_FRAME,      /* a byte stream is neither STUN nor ChannelData, or a frame is over the maximum */
};

#endif
