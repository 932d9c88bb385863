"""The least that a signalling server on Django Channels can do, as a measure for Parley.

Pairs by room, and forwards `signal` messages with the sender and a number set by the server, through Channels'
in-memory layer: a group for each room, as its documentation has it, or with BENCH_DIRECT=1 straight to the other
channel. No checks, limits or resume.

usage: PYTHONPATH=bench/daphne_app /usr/bin/daphne -b 127.0.0.1 -p PORT bench_asgi:application
"""

import itertools
import json
import os
import secrets

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=secrets.token_hex(32),
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=["channels"],
    LOGGING_CONFIG=None,
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}},
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402  (needs the settings)
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.urls import path  # noqa: E402

DIRECT = os.environ.get("BENCH_DIRECT") == "1"

rooms = {}
participants = itertools.count(1)


class Signalling(AsyncWebsocketConsumer):
    async def connect(self):
        self.participant = f"p{next(participants)}"
        self.seq = 0
        self.room = None
        self.members = {}
        await self.accept("parley.v1")

    async def disconnect(self, code):
        self.members.pop(self.participant, None)
        if self.room is not None:
            await self.channel_layer.group_discard(self.room, self.channel_name)
        if self.room is not None and not self.members:
            rooms.pop(self.room, None)

    async def receive(self, text_data=None, bytes_data=None):
        message = json.loads(text_data)
        if message["type"] == "signal":
            await self.signal(message)
        elif message["type"] == "join":
            await self.join(message)

    async def join(self, message):
        self.room = message["room"]
        self.members = rooms.setdefault(self.room, {})
        peers = dict(self.members)
        self.members[self.participant] = self.channel_name
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.tell(
            {
                "type": "joined",
                "re": message["id"],
                "self": {"participant": self.participant},
                "peers": [{"participant": p} for p in peers],
            }
        )
        for channel in peers.values():
            event = {"type": "peer.joined", "peer": {"participant": self.participant}}
            await self.channel_layer.send(channel, {"type": "member.message", "message": event, "sender": None})

    async def signal(self, message):
        channel = self.members.get(message.pop("to"))
        if channel is None:
            return
        del message["id"], message["ack"]
        message["from"] = self.participant
        event = {"type": "member.message", "message": message, "sender": self.channel_name}
        if DIRECT:
            await self.channel_layer.send(channel, event)
        else:
            await self.channel_layer.group_send(self.room, event)

    async def member_message(self, event):
        if event["sender"] != self.channel_name:
            await self.tell(event["message"])

    async def tell(self, message):
        self.seq += 1
        message["seq"] = self.seq
        await self.send(json.dumps(message, separators=(",", ":")))


application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("ws", Signalling.as_asgi())])}
)
