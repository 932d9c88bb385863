"""A UDP echo on a port of its own choice, which it prints.

A datagram of nines is answered only when a line comes on standard input, and then twice at once: with itself, and with
an ICMP error (port unreachable) as if nobody were here.
"""

import socket
import struct
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 0))
port = sock.getsockname()[1]
print("echo at", port, flush=True)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def say_unreachable(source):
    """RFC 792: the error carries the IP header and the first eight bytes of what it is about."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(sys.argv[1])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 48, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    udp = struct.pack("!HHHH", source[1], port, 28, 0)
    body = struct.pack("!BBHI", 3, 3, 0, 0) + ip + udp
    body = body[:2] + struct.pack("!H", checksum(body)) + body[4:]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        raw.sendto(body, (source[0], 0))


while True:
    data, source = sock.recvfrom(65536)
    held = data[0] == 9
    if held:
        print("held", flush=True)
        sys.stdin.readline()
    sock.sendto(data, source)
    if held:
        say_unreachable(source)
        print("answered twice", flush=True)
