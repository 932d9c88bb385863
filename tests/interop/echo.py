"""A UDP echo on a port of its own choice, which it prints."""

import socket
import sys

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind((sys.argv[1], 0))
print("echo at", sock.getsockname()[1], flush=True)
while True:
    data, source = sock.recvfrom(65536)
    sock.sendto(data, source)
