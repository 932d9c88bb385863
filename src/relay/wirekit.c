/* A network namespace and a TUN device. Nothing of it leaves this process, and it goes with it. */
#include "relay/wirekit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#define WAIT_MS 10000
#define DEVICE  "wire0"

static void control(unsigned long request, struct ifreq *r)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, request, r), 0);
	close(fd);
}

static struct ifreq request_for(const char *device)
{
	struct ifreq r = {0};
	(void)snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	return r;
}

static void set_address(const char *device, unsigned long what, const char *ip)
{
	struct ifreq r = request_for(device);
	struct sockaddr_in in = {.sin_family = AF_INET};
	assert_int_equal(inet_pton(AF_INET, ip, &in.sin_addr), 1);
	memcpy(&r.ifr_addr, &in, sizeof(in));
	control(what, &r);
}

static void set_up(const char *device)
{
	struct ifreq r = request_for(device);
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	control(SIOCSIFFLAGS, &r);
}

bool wire_open(struct wire *w)
{
	struct ifreq r = request_for(DEVICE);
	r.ifr_flags = IFF_TUN | IFF_NO_PI;
	int fd = unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 ? open("/dev/net/tun", O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0) {
		print_message("no network of our own: %s\n", strerror(errno));
		return false;
	}
	set_up("lo");
	set_address(DEVICE, SIOCSIFADDR, WIRE_OWN);
	set_address(DEVICE, SIOCSIFNETMASK, "255.255.255.0");
	r = request_for(DEVICE);
	r.ifr_mtu = WIRE_MTU;
	control(SIOCSIFMTU, &r);
	set_up(DEVICE);
	w->fd = fd;
	return true;
}

void wire_own(const char *ip)
{
	set_address("lo:1", SIOCSIFADDR, ip);
}

/* Return: whether it is one to look at: IPv6 has things to say to a new device. */
static bool parse(struct wire_packet *p)
{
	struct iphdr ip;
	struct udphdr udp;
	memcpy(&ip, p->bytes, sizeof(ip));
	if (p->size < sizeof(ip) + sizeof(udp) || ip.version != 4 || ip.protocol != IPPROTO_UDP)
		return false;
	memcpy(&udp, p->bytes + sizeof(ip), sizeof(udp));
	p->from.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = udp.source, .sin_addr.s_addr = ip.saddr};
	p->to.in = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = udp.dest, .sin_addr.s_addr = ip.daddr};
	p->dont_fragment = ntohs(ip.frag_off) & IP_DF;
	p->data = p->bytes + sizeof(ip) + sizeof(udp);
	p->len = p->size - sizeof(ip) - sizeof(udp);
	return true;
}

void wire_receive(struct wire *w, struct wire_packet *out)
{
	do {
		struct pollfd p = {.fd = w->fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, WAIT_MS), 1);
		ssize_t n = read(w->fd, out->bytes, sizeof(out->bytes));
		assert_true(n > 0);
		out->size = (size_t)n;
	} while (!parse(out));
}

static uint16_t checksum(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t sum = 0;
	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	if (n % 2)
		sum += (uint32_t)(p[n - 1] << 8);
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void put(struct wire *w, uint8_t protocol, const struct addr *from, const struct addr *to,
		uint8_t *packet, size_t n)
{
	struct iphdr ip = {.version = 4,
			   .ihl = 5,
			   .tot_len = htons((uint16_t)n),
			   .ttl = 64,
			   .protocol = protocol,
			   .saddr = from->in.sin_addr.s_addr,
			   .daddr = to->in.sin_addr.s_addr};
	ip.check = checksum(&ip, sizeof(ip));
	memcpy(packet, &ip, sizeof(ip));
	assert_int_equal(write(w->fd, packet, n), n);
}

void wire_udp(struct wire *w, const struct addr *from, const struct addr *to, const void *data, size_t n)
{
	uint8_t packet[WIRE_MTU];
	struct udphdr udp = {.source = from->in.sin_port,
			     .dest = to->in.sin_port,
			     .len = htons((uint16_t)(sizeof(udp) + n))};
	size_t head = sizeof(struct iphdr);
	assert_true(head + sizeof(udp) + n <= sizeof(packet));
	memcpy(packet + head, &udp, sizeof(udp));
	memcpy(packet + head + sizeof(udp), data, n);
	put(w, IPPROTO_UDP, from, to, packet, head + sizeof(udp) + n);
}

void wire_icmp(struct wire *w, uint8_t type, uint8_t code, uint32_t info, const struct wire_packet *packet)
{
	uint8_t out[sizeof(struct iphdr) + sizeof(struct icmphdr) + sizeof(struct iphdr) +
		    sizeof(struct udphdr)];
	struct icmphdr icmp = {.type = type, .code = code, .un.gateway = htonl(info)};
	size_t quoted = sizeof(struct iphdr) + sizeof(struct udphdr);
	uint8_t *at = out + sizeof(struct iphdr);
	memcpy(at, &icmp, sizeof(icmp));
	memcpy(at + sizeof(icmp), packet->bytes, quoted);
	icmp.checksum = checksum(at, sizeof(icmp) + quoted);
	memcpy(at, &icmp, sizeof(icmp));
	put(w, IPPROTO_ICMP, &packet->to, &packet->from, out, sizeof(out));
}
