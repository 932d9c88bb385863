"""aioice (Debian's python3-aioice) as a client of a relay: `aioice_client.py WAY HOST PORT USER PASSWORD CA ECHO`.

WAY is udp, tcp or tls, ECHO the address of a UDP echo. Says what was seen as JSON; whoever starts it judges.
"""

import asyncio
import json
import ssl
import sys

import aioice
from aioice import stun, turn

PATIENCE_S = 20


class Collector(asyncio.DatagramProtocol):
    """What comes back, in order."""

    def __init__(self):
        self.received = asyncio.Queue()

    def connection_made(self, transport):
        pass

    def connection_lost(self, exc):
        pass

    def datagram_received(self, data, addr):
        self.received.put_nowait((data, addr))


def endpoint_options(way, user, password, ca):
    trusted = ssl.create_default_context(cafile=ca) if way == "tls" else False
    return {
        "username": user,
        "password": password,
        "ssl": trusted,
        "transport": "udp" if way == "udp" else "tcp",
    }


async def through_a_channel(server, options, echo):
    """Every length from 1 to 40 bytes and some long ones, through a channel to the echo and back."""
    transport, collector = await turn.create_turn_endpoint(Collector, server, **options)
    relayed = transport.get_extra_info("sockname")
    lengths = [*range(1, 41), 500, 1199, 1200]
    for n in lengths:
        transport.sendto(bytes(i * n & 255 for i in range(n)), echo)
    came = {}
    for _ in lengths:
        data, source = await asyncio.wait_for(collector.received.get(), PATIENCE_S)
        came[len(data)] = data == bytes(i * len(data) & 255 for i in range(len(data))) and source == echo
    transport.close()
    return {
        "relayed": relayed[0],
        "sent": len(lengths),
        "intact": sum(came.get(n, False) for n in lengths),
    }


async def a_permission(server, options, echo):
    """CreatePermission, a lifetime asked for in Refresh, and its end, in aioice's own encoding."""
    transport, _ = await turn.create_turn_endpoint(Collector, server, **options)
    client = transport._TurnTransport__inner_protocol
    permission = stun.Message(stun.Method.CREATE_PERMISSION, stun.Class.REQUEST)
    permission.attributes["XOR-PEER-ADDRESS"] = echo
    permitted, _ = await client.request_with_retry(permission)
    refresh = stun.Message(stun.Method.REFRESH, stun.Class.REQUEST)
    refresh.attributes["LIFETIME"] = 900
    refreshed, _ = await client.request_with_retry(refresh)
    refused = stun.Message(stun.Method.CREATE_PERMISSION, stun.Class.REQUEST)
    refused.attributes["XOR-PEER-ADDRESS"] = ("10.0.0.1", 9)
    code = 0
    try:
        await client.request_with_retry(refused)
    except stun.TransactionFailed as failure:
        code = failure.response.attributes["ERROR-CODE"][0]
    await client.delete()
    return {
        "permission": permitted.message_class.name,
        "lifetime": refreshed.attributes["LIFETIME"],
        "private": code,
    }


async def ice(server, options):
    """Two agents of aioice that have nothing but the relay."""
    agents = [
        aioice.Connection(
            ice_controlling=controlling,
            turn_server=server,
            turn_username=options["username"],
            turn_password=options["password"],
            turn_ssl=options["ssl"],
            turn_transport=options["transport"],
            transport_policy=aioice.TransportPolicy.RELAY,
        )
        for controlling in (True, False)
    ]
    for agent in agents:
        await agent.gather_candidates()
    for mine, other in (agents, agents[::-1]):
        for candidate in other.local_candidates:
            await mine.add_remote_candidate(candidate)
        await mine.add_remote_candidate(None)
        mine.remote_username = other.local_username
        mine.remote_password = other.local_password
    await asyncio.wait_for(asyncio.gather(*[a.connect() for a in agents]), PATIENCE_S)
    types = sorted({c.type for a in agents for c in a.local_candidates})
    heard = []
    for mine, other, text in ((agents[0], agents[1], b"from Ada"), (agents[1], agents[0], b"from Bob")):
        await mine.send(text)
        heard.append((await asyncio.wait_for(other.recv(), PATIENCE_S)).decode())
    for agent in agents:
        await agent.close()
    return {"types": types, "heard": heard}


async def main(way, host, port, user, password, ca, echo):
    address, echo_port = echo.rsplit(":", 1)
    peer = (address, int(echo_port))
    server = (host, int(port))
    options = endpoint_options(way, user, password, ca)
    result = {
        "channel": await through_a_channel(server, options, peer),
        "permission": await a_permission(server, options, peer),
        "ice": await ice(server, options),
    }
    print(json.dumps(result))


asyncio.run(main(*sys.argv[1:]))
