#!/usr/bin/python3
"""The mail queue: a real database, a real SMTP server (aiosmtpd) on loopback that comes and goes.

    mail_queue_test.py MAIL_QUEUE_PROBE        TAP
"""
import asyncio
import email
import email.policy
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import traceback

from aiosmtpd.smtp import SMTP

probe_path = sys.argv[1]


class Mailbox:
    def __init__(self):
        self.messages = []
        self.arrived = asyncio.Condition()
        self.rcpt = {}
        self.hold = None  # an event: DATA is answered when it is set
        self.held = asyncio.Event()

    async def handle_RCPT(self, server, session, envelope, address, options):
        answers = self.rcpt.get(address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        if self.hold:
            self.held.set()
            await self.hold.wait()
        async with self.arrived:
            self.messages.append((envelope.rcpt_tos[0], envelope.content))
            self.arrived.notify_all()
        return '250 OK'

    async def wait(self, count):
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.messages) >= count)


class Server:
    """On a port that is its own from the start, whether it listens or not."""

    def __init__(self):
        self.box = Mailbox()
        with socket.socket() as s:
            s.bind(('127.0.0.1', 0))
            self.port = s.getsockname()[1]
        self.server = None

    async def up(self):
        self.server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self.box, hostname='mx.example.org'), '127.0.0.1', self.port, reuse_address=True)

    async def down(self):
        if self.server:
            self.server.close()
            await self.server.wait_closed()


class Probe:
    def __init__(self, directory, port=None, key='k', **words):
        self.words = [directory, key] + [f'{k}={v}' for k, v in {'pause_ms': 40, **words}.items()]
        if port:
            self.words += [f'mail.smtp_url=smtp://127.0.0.1:{port}', 'mail.from=Parley <calls@example.org>',
                           'mail.starttls=off', 'mail.timeout_s=30']
        self.words.append('server.public_url=https://meet.example.org')

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            probe_path, *self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        return self

    async def order(self, line):
        self.process.stdin.write(line.encode() + b'\n')
        await self.process.stdin.drain()
        answer = await self.process.stdout.readline()
        assert answer, (await self.process.stderr.read()).decode()
        return answer.decode().strip()

    async def invite(self, *addresses):
        for address in addresses:
            assert await self.order(f'invite {address}') == 'ok'

    async def until(self, condition):
        """Stats (sent, failed, given up, waiting) that fulfil it."""
        while True:
            stats = [int(n) for n in (await self.order('stats')).split()]
            if condition(*stats):
                return stats
            await asyncio.sleep(0.005)

    async def stop(self):
        self.process.stdin.close()
        self.log = (await self.process.stderr.read()).decode()
        assert await self.process.wait() == 0, self.log
        return self.log

    async def kill(self):
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def __aexit__(self, kind, *_):
        if self.process.returncode is None:
            if kind:
                self.process.kill()
                await self.process.wait()
            else:
                await self.stop()


def links(content):
    message = email.message_from_bytes(content, policy=email.policy.default)
    return [line for part in message.iter_parts() for line in part.get_content().splitlines()
            if line.startswith('https://meet.example.org/invite#')]


# ---- tests: each gets an empty directory and a server that is not up yet ----


async def test_what_is_queued_is_sent(directory, server):
    await server.up()
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org')
        await server.box.wait(1)
        assert await p.until(lambda sent, failed, up, waiting: sent == 1 and not waiting) == [1, 0, 0, 0]
    (to, content), = server.box.messages
    assert to == 'ada@example.org'
    (link,) = links(content)
    assert len(link) == len('https://meet.example.org/invite#') + 43


async def test_down_and_up_again(directory, server):
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org', 'bob@example.org')
        await p.until(lambda sent, failed, up, waiting: failed >= 5 and waiting == 2)
        await server.up()
        await server.box.wait(2)
        stats = await p.until(lambda sent, failed, up, waiting: sent == 2 and not waiting)
        assert stats[2] == 0
        log = await p.stop()
    # An outage is a line, not a line for each try; and neither address nor link is in it.
    assert log.count('mail cannot be sent and stays in the queue') == 1, log
    assert log.count('mail is being sent again') == 1, log
    assert 'example.org' not in log and '#' not in log, log
    assert sorted(to for to, _ in server.box.messages) == ['ada@example.org', 'bob@example.org']


async def test_a_restart_loses_nothing(directory, server):
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org')
        await p.until(lambda sent, failed, up, waiting: failed >= 1)
        await p.kill()
    await server.up()
    async with Probe(directory, server.port) as p:
        await server.box.wait(1)
        assert await p.until(lambda sent, failed, up, waiting: sent == 1 and not waiting) == [1, 0, 0, 0]


async def test_killed_while_sending(directory, server):
    server.box.hold = asyncio.Event()
    await server.up()
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org')
        await server.box.held.wait()
        await p.kill()
    server.box.hold.set()
    async with Probe(directory, server.port) as p:
        # Whoever had it may still be at it: it is there, and left alone for its time.
        await p.invite('bob@example.org')
        await p.until(lambda sent, failed, up, waiting: sent == 1 and waiting == 1)


async def test_stopping_does_not_wait_for_the_server(directory, server):
    server.box.hold = asyncio.Event()
    await server.up()
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org')
        await server.box.held.wait()
        # mail.timeout_s is 30.
        await asyncio.wait_for(p.stop(), 10)
    server.box.hold.set()
    server.box.hold = None
    arrived = len(server.box.messages)
    async with Probe(directory, server.port) as p:
        await p.until(lambda sent, failed, up, waiting: sent == 1 and not waiting)
    assert len(server.box.messages) >= arrived + 1


async def test_greylisted_then_taken(directory, server):
    server.box.rcpt['ada@example.org'] = ['451 4.7.1 later', '421 4.3.2 busy', '450 4.2.0 not yet']
    await server.up()
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org')
        await server.box.wait(1)
        assert await p.until(lambda sent, failed, up, waiting: sent == 1 and not waiting) == [1, 3, 0, 0]


async def test_refused_is_given_up_and_the_next_is_sent(directory, server):
    server.box.rcpt['ada@example.org'] = ['550 5.1.1 <ada@example.org> who?'] * 9
    await server.up()
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org', 'bob@example.org')
        await server.box.wait(1)
        assert await p.until(lambda sent, failed, up, waiting: not waiting and sent) == [1, 0, 1, 0]
        log = await p.stop()
    assert log.count('mail given up') == 1 and '550 5.1.1' in log and 'ada@' not in log, log


async def test_given_up_in_the_end(directory, server):
    async with Probe(directory, server.port, keep_ms=300) as p:
        await p.invite('ada@example.org')
        stats = await p.until(lambda sent, failed, up, waiting: up == 1 and not waiting)
        assert stats[0] == 0 and stats[1] >= 2
        assert (await p.stop()).count('mail given up') == 1


async def test_a_link_that_is_over_is_not_sent(directory, server):
    async with Probe(directory, server.port, link_s=1) as p:
        await p.invite('ada@example.org')
        await p.until(lambda sent, failed, up, waiting: up == 1 and not waiting)
        await server.up()
        log = await p.stop()
    assert 'no longer good' in log and server.box.messages == []


async def test_many_arrive_once_each(directory, server):
    await server.up()
    addresses = [f'guest{i}@example.org' for i in range(60)]
    async with Probe(directory, server.port) as p:
        await p.invite(*addresses)
        await p.until(lambda sent, failed, up, waiting: sent == 60 and not waiting)
    assert sorted(to for to, _ in server.box.messages) == sorted(addresses)


async def test_two_processes_share_a_queue(directory, server):
    await server.up()
    addresses = [f'guest{i}@example.org' for i in range(40)]
    async with Probe(directory, server.port) as p, Probe(directory, server.port) as q:
        await p.invite(*addresses[:20])
        await q.invite(*addresses[20:])
        await server.box.wait(40)
        await p.until(lambda sent, failed, up, waiting: True)
    assert sorted(to for to, _ in server.box.messages) == sorted(addresses)


async def test_what_another_key_sealed_does_not_block(directory, server):
    async with Probe(directory, server.port) as p:
        await p.invite('ada@example.org')
        await p.until(lambda sent, failed, up, waiting: failed >= 1)
    await server.up()
    async with Probe(directory, server.port, key='x') as p:
        await p.invite('bob@example.org')
        await server.box.wait(1)
        assert await p.until(lambda sent, failed, up, waiting: not waiting and sent) == [1, 0, 1, 0]
    assert server.box.messages[0][0] == 'bob@example.org'


async def test_without_a_server_there_are_files(directory, server):
    async with Probe(directory) as p:
        await p.invite('ada@example.org', 'bob@example.org')
        await p.until(lambda sent, failed, up, waiting: sent == 2 and not waiting)
        log = await p.stop()
    assert log.count('mail is written to files') == 1, log
    outbox = os.path.join(directory, 'outbox')
    names = os.listdir(outbox)
    assert len(names) == 2 and all(name.endswith('.eml') for name in names), names
    to = set()
    for name in names:
        with open(os.path.join(outbox, name), 'rb') as f:
            content = f.read()
        message = email.message_from_bytes(content, policy=email.policy.default)
        to.add(message['To'])
        assert message['From'] == 'Parley <noreply@meet.example.org>'
        assert len(links(content)) == 1
    assert to == {'ada@example.org', 'bob@example.org'}


async def test_an_outbox_that_cannot_be_written(directory, server):
    outbox = os.path.join(directory, 'outbox')
    with open(outbox, 'w'):
        pass
    async with Probe(directory) as p:
        await p.invite('ada@example.org')
        await p.until(lambda sent, failed, up, waiting: failed >= 2 and waiting == 1)
        os.remove(outbox)
        await p.until(lambda sent, failed, up, waiting: sent == 1 and not waiting)
    assert len(os.listdir(outbox)) == 1


async def main():
    tests = [(name, f) for name, f in globals().items() if name.startswith('test_')]
    failed = 0
    print(f'1..{len(tests)}')
    for i, (name, test) in enumerate(tests, 1):
        directory = tempfile.mkdtemp(prefix='parley-queue-')
        server = Server()
        try:
            await asyncio.wait_for(test(directory, server), 120)
            print(f'ok {i} - {name[5:]}', flush=True)
        except Exception as e:  # told, and counted
            failed += 1
            print(f'not ok {i} - {name[5:]}\n  ---\n  error: {type(e).__name__} {e}\n  ...', flush=True)
            traceback.print_exc()
        finally:
            await server.down()
            shutil.rmtree(directory, ignore_errors=True)
    return failed


sys.exit(1 if asyncio.run(main()) else 0)
