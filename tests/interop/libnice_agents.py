"""Two agents of libnice (Debian's gir1.2-nice-0.1) that have nothing but a relay, and what they tell each other.

`libnice_agents.py WAY HOST PORT USER PASSWORD`, WAY being udp or tcp. Says what was seen as JSON.
"""

import ctypes
import json
import sys

import gi

gi.require_version("Nice", "0.1")
from gi.repository import GLib, Nice  # noqa: E402

PATIENCE_S = 20
MESSAGES = 40

# What arrives is handed to a callback that the introspection leaves out.
libnice = ctypes.CDLL("libnice.so.10")
RECEIVED = ctypes.CFUNCTYPE(
    None,
    *(ctypes.c_void_p, ctypes.c_uint, ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
)


class Side:
    """One agent, with one stream of one component."""

    def __init__(self, controlling, way, host, port, user, password):
        context = GLib.MainContext.default()
        self.agent = Nice.Agent.new_full(context, Nice.Compatibility.RFC5245, Nice.AgentOption.NONE)
        self.agent.set_property("controlling-mode", controlling)
        self.agent.set_property("force-relay", True)
        self.agent.set_property("ice-tcp", False)
        self.agent.set_property("upnp", False)
        self.stream = self.agent.add_stream(1)
        kind = Nice.RelayType.UDP if way == "udp" else Nice.RelayType.TCP
        if not self.agent.set_relay_info(self.stream, 1, host, port, user, password, kind):
            raise RuntimeError("set_relay_info")
        self.gathered = False
        self.ready = False
        self.heard = []
        self.agent.connect("candidate-gathering-done", self.on_gathered)
        self.agent.connect("component-state-changed", self.on_state)
        self.callback = RECEIVED(self.on_data)
        libnice.nice_agent_attach_recv(
            ctypes.c_void_p(hash(self.agent)), self.stream, 1, None, self.callback, None
        )
        if not self.agent.gather_candidates(self.stream):
            raise RuntimeError("gather_candidates")

    def on_gathered(self, _agent, _stream):
        self.gathered = True

    def on_state(self, _agent, _stream, _component, state):
        self.ready = state == Nice.ComponentState.READY

    def on_data(self, _agent, _stream, _component, n, data, _user):
        self.heard.append(ctypes.string_at(data, n).decode())

    def candidates(self):
        return self.agent.get_local_candidates(self.stream, 1)

    def meet(self, other):
        _, ufrag, password = other.agent.get_local_credentials(other.stream)
        self.agent.set_remote_credentials(self.stream, ufrag, password)
        lines = [other.agent.generate_local_candidate_sdp(c) for c in other.candidates()]
        parsed = [self.agent.parse_remote_candidate_sdp(self.stream, line) for line in lines]
        if self.agent.set_remote_candidates(self.stream, 1, parsed) < 1:
            raise RuntimeError("set_remote_candidates")


def until(what, check):
    """Runs the main loop until `check()` holds."""
    late = []
    timer = GLib.timeout_add_seconds(PATIENCE_S, lambda: late.append(what))
    while not check():
        if late:
            raise RuntimeError(f"waited in vain for: {what}")
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(timer)


def main(way, host, port, user, password):
    sides = [Side(controlling, way, host, int(port), user, password) for controlling in (True, False)]
    until("candidates", lambda: all(s.gathered for s in sides))
    types = sorted({c.type.value_nick for s in sides for c in s.candidates()})
    relayed = sorted(
        {line.split()[4] for s in sides for line in [s.agent.generate_local_candidate_sdp(c) for c in s.candidates()]}
    )
    sides[0].meet(sides[1])
    sides[1].meet(sides[0])
    until("both to be ready", lambda: all(s.ready for s in sides))
    for side, name in zip(sides, ("Ada", "Bob")):
        for i in range(MESSAGES):
            text = f"{name} {i} {'x' * i}"
            if side.agent.send(side.stream, 1, len(text), text) != len(text):
                raise RuntimeError("send")
    until("all messages", lambda: all(len(s.heard) >= MESSAGES for s in sides))
    print(
        json.dumps(
            {
                "types": types,
                "relayed": relayed,
                "sent": MESSAGES,
                "intact": [
                    sum(f"{name} {i} {'x' * i}" in side.heard for i in range(MESSAGES))
                    for side, name in zip(sides, ("Bob", "Ada"))
                ],
            }
        )
    )


main(*sys.argv[1:])
