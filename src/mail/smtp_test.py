#!/usr/bin/python3
"""Mail through a real SMTP server on loopback (aiosmtpd), read back with Python's email package.

    smtp_test.py MAIL_PROBE        TAP

Each test starts its own server on a free port; nothing waits for a time, but for a process or a message.
"""
import asyncio
import email
import email.header
import email.policy
import email.utils
import html.parser
import os
import ssl
import subprocess
import sys
import tempfile

from aiosmtpd.smtp import SMTP, AuthResult

probe_path = sys.argv[1]
directory = tempfile.TemporaryDirectory(prefix='parley-smtp-')
LINK = 'https://meet.example.org/page#token-0123456789_ABC'
TEMPLATES = ['signup', 'signup_known', 'reset', 'password_changed', 'email', 'email_known', 'email_announce',
             'email_changed', 'invite', 'deleted', 'role_changed']
WITH_LINK = {'signup', 'reset', 'email', 'invite'}


def path(name):
    return os.path.join(directory.name, name)


def openssl(*words):
    subprocess.run(['openssl', *words], check=True, capture_output=True)


def make_certificates():
    """Two authorities, and of the first a certificate for this machine and one for another name."""
    for ca in 'ca', 'other-ca':
        openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
                '-subj', f'/CN={ca}', '-keyout', path(ca + '.key'), '-out', path(ca + '.pem'))
    for name, alt in ('here', 'DNS:localhost,IP:127.0.0.1'), ('elsewhere', 'DNS:mail.example.org'):
        openssl('req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', f'/CN={name}',
                '-keyout', path(name + '.key'), '-out', path(name + '.csr'))
        with open(path(name + '.ext'), 'w') as f:
            f.write(f'subjectAltName={alt}\n')
        openssl('x509', '-req', '-in', path(name + '.csr'), '-CA', path('ca.pem'), '-CAkey', path('ca.key'),
                '-days', '2', '-extfile', path(name + '.ext'), '-out', path(name + '.pem'))


def tls(name):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path(name + '.pem'), path(name + '.key'))
    return context


class Mailbox:
    """What arrives, and the answers of a server that is to be difficult."""

    def __init__(self, rcpt='250 OK', data='250 OK', mail='250 OK'):
        self.answers = {'rcpt': rcpt, 'data': data, 'mail': mail}
        self.messages = []
        self.commands = []
        self.encrypted = []
        self.helo = []

    async def handle_MAIL(self, server, session, envelope, address, options):
        self.commands.append('MAIL')
        envelope.mail_from = address
        return self.answers['mail']

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answers['rcpt'].startswith('2'):
            envelope.rcpt_tos.append(address)
        return self.answers['rcpt'].replace('ADDRESS', address)

    async def handle_DATA(self, server, session, envelope):
        if self.answers['data'].startswith('2'):
            self.messages.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
            self.encrypted.append(session.ssl is not None)
            self.helo.append(session.host_name)
        return self.answers['data']


class Server:
    """async with Server(mailbox, …) as s: s.url"""

    def __init__(self, mailbox, implicit=None, **options):
        self.mailbox, self.implicit, self.options = mailbox, implicit, options

    def make(self):
        return SMTP(self.mailbox, hostname='mx.example.org', **self.options)

    async def __aenter__(self):
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(self.make, '127.0.0.1', 0, ssl=self.implicit)
        self.port = self.server.sockets[0].getsockname()[1]
        self.url = f'smtp{"s" if self.implicit else ""}://127.0.0.1:{self.port}'
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()


class Talker:
    """A server that is none: does with a connection what it is told to."""

    def __init__(self, talk):
        self.talk = talk

    async def run(self, reader, writer):
        try:
            await self.talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.run, '127.0.0.1', 0)
        self.url = f'smtp://127.0.0.1:{self.server.sockets[0].getsockname()[1]}'
        return self

    async def __aexit__(self, *_):
        self.server.close()


async def probe(env=None, **words):
    process = await asyncio.create_subprocess_exec(
        probe_path, *(f'{k}={v}' for k, v in words.items()), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})})
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert err == b'', err.decode()
    result, _, why = out.decode().rstrip('\n').partition(' ')
    return int(result), why


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.text, self.tags = [], [], set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [v for k, v in attrs if k in ('href', 'src', 'background')]

    def handle_data(self, data):
        self.text.append(data)


def read(content):
    """A message as (message, plain text, page); nothing in it may be amiss."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert content.isascii()
    assert max(len(line) for line in content.split(b'\r\n')) <= 78
    assert message.get_content_type() == 'multipart/alternative'
    plain, page = message.iter_parts()
    for part in message, plain, page:
        assert not part.defects, part.defects
        for name, value in part.items():
            assert not value.defects, (name, value.defects)
    assert plain.get_content_type() == 'text/plain' and page.get_content_type() == 'text/html'
    assert plain.get_content_charset() == page.get_content_charset() == 'utf-8'
    plain, page = (part.get_content().replace('\r\n', '\n') for part in (plain, page))
    return message, plain, Page(page)


def sender_of(content):
    """The display name. Not by policy.default, which puts a space between two encoded words of a name."""
    name, _ = email.utils.parseaddr(email.message_from_bytes(content)['From'])
    return str(email.header.make_header(email.header.decode_header(name)))


# ---- tests ----


async def test_a_letter_arrives():
    box = Mailbox()
    async with Server(box) as s:
        assert await probe(url=s.url, starttls='off') == (0, '')
    (sender, to, content), = box.messages
    assert sender == 'calls@example.org' and to == ['bob@example.org'] and box.helo == ['meet.example.org']
    message, plain, page = read(content)
    assert message['From'] == 'Parley <calls@example.org>'
    assert message['From'].addresses[0].display_name == 'Parley'
    assert message['To'].addresses[0].addr_spec == 'bob@example.org'
    assert message['Subject'] == 'Choose a new password'
    assert message['Date'].datetime.timestamp() == 1700000000
    assert message['Message-ID'] == '<k3j9x@meet.example.org>'
    assert message['Auto-Submitted'] == 'auto-generated'
    assert plain.startswith('Hello Bob,\n\n') and LINK in plain and '30 minutes' in plain
    assert page.links == [LINK, LINK]


async def test_every_letter_in_both_languages():
    box = Mailbox()
    async with Server(box) as s:
        for template in TEMPLATES:
            for language in 'en', 'de':
                box.messages.clear()
                assert await probe(url=s.url, starttls='off', template=template, language=language) == (0, '')
                message, plain, page = read(box.messages[0][2])
                assert message['Content-Language'] == language
                assert plain.count(LINK) == (template in WITH_LINK), template
                assert (LINK in page.links) == (template in WITH_LINK), template
                assert not page.tags & {'img', 'script', 'link', 'style', 'iframe', 'form'}
                assert all(link.startswith('https://meet.example.org') for link in page.links)
                # Whatever the one says the other says too.
                text = ' '.join(page.text)
                for line in plain.splitlines():
                    assert line.rstrip(':') in text or line == '-- ', (template, line)
    assert message['Subject'] == 'Ihre Rolle wurde geändert'


async def test_names_survive_as_they_are():
    box = Mailbox()
    name = 'Zoë "<b>" & 😀 =?utf-8?q?x?= ' + 'sehr ' * 15 + 'lang'
    sender = 'Größte Gesprächsrunde, mit einem Namen, der in keine Zeile paßt ' + 'é' * 30
    async with Server(box) as s:
        assert await probe(url=s.url, starttls='off', name=name, language='de',
                           **{'from': f'{sender} <calls@example.org>'}) == (0, '')
        assert await probe(url=s.url, starttls='off', template='invite') == (0, '')
    message, plain, page = read(box.messages[0][2])
    assert sender_of(box.messages[0][2]) == sender
    assert f'Guten Tag {name},' in plain and f'Guten Tag {name},' in page.text
    message, plain, page = read(box.messages[1][2])
    assert message['Subject'] == 'Käthe <Ada> & "Co" invites you to meet.example.org'


async def test_lines_that_begin_with_a_dot():
    box = Mailbox()
    raw = b'Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n\r\n.\r\nlast\r\n'
    with open(path('raw'), 'wb') as f:
        f.write(raw)
    async with Server(box) as s:
        assert await probe(url=s.url, starttls='off', raw=path('raw')) == (0, '')
    assert box.messages[0][2] == raw


async def test_helo_of_an_address():
    box = Mailbox()
    async with Server(box) as s:
        for helo in '192.0.2.1', '2001:db8::1', '':
            assert await probe(url=s.url, starttls='off', helo=helo) == (0, '')
    assert box.helo == ['[192.0.2.1]', '[IPv6:2001:db8::1]', 'localhost']


async def test_starttls():
    box = Mailbox()
    async with Server(box, tls_context=tls('here'), require_starttls=True) as s:
        assert await probe(url=s.url, ca=path('ca.pem')) == (0, '')
        assert await probe(url=s.url, ca=path('ca.pem'), starttls='try') == (0, '')
        # The server wants TLS: that is about us, not about the message.
        result, why = await probe(url=s.url, ca=path('ca.pem'), starttls='off')
        assert result == 1 and '530' in why, why
    assert box.encrypted == [True, True]
    assert len(read(box.messages[0][2])) == 3


async def test_starttls_that_is_not_offered():
    box = Mailbox()
    async with Server(box) as s:
        result, why = await probe(url=s.url)
        assert result == 1 and box.commands == [], why
        assert await probe(url=s.url, starttls='try') == (0, '')
    assert box.encrypted == [False]


async def test_whom_not_to_trust():
    box = Mailbox()
    for name, ca in ('here', 'other-ca'), ('elsewhere', 'ca'), ('here', None):
        words = {'ca': path(ca + '.pem')} if ca else {}
        async with Server(box, tls_context=tls(name)) as s:
            for starttls in 'require', 'try':
                result, why = await probe(url=s.url, starttls=starttls, **words)
                assert result == 1, (name, ca, why)
        async with Server(box, implicit=tls(name)) as s:
            result, why = await probe(url=s.url, **words)
            assert result == 1 and why, (name, ca)
    assert box.commands == [] and box.messages == []


async def test_smtps():
    box = Mailbox()
    async with Server(box, implicit=tls('here')) as s:
        assert await probe(url=s.url, ca=path('ca.pem')) == (0, '')
        # Not what is spoken there, either way round.
        result, _ = await probe(url=s.url.replace('smtps', 'smtp'), ca=path('ca.pem'), timeout_ms=1000)
        assert result == 1
    async with Server(box) as s:
        result, _ = await probe(url=s.url.replace('smtp', 'smtps'), ca=path('ca.pem'), timeout_ms=1000)
        assert result == 1
    assert len(box.messages) == 1


async def test_signing_in():
    def check(server, session, envelope, mechanism, data):
        seen.append((mechanism, session.ssl is not None))
        return AuthResult(success=(data.login, data.password) == (b'parley', b'pass word:;"\\'), handled=False)

    box, seen = Mailbox(), []
    options = {'tls_context': tls('here'), 'auth_required': True, 'authenticator': check}
    async with Server(box, **options) as s:
        words = {'url': s.url, 'ca': path('ca.pem'), 'user': 'parley'}
        assert await probe(**words, password='pass word:;"\\') == (0, '')
        result, why = await probe(**words, password='hunter2-wrong')
        assert result == 1 and why and 'hunter2' not in why and 'aHVudGVyMi' not in why, why
        result, why = await probe(url=s.url, ca=path('ca.pem'))
        assert result == 1 and '530' in why, why
    assert len(box.messages) == 1
    assert seen and all(encrypted for _, encrypted in seen)


async def test_a_server_that_says_the_password_back():
    async def talk(reader, writer):
        writer.write(b'220 mx\r\n')
        while line := await reader.readline():
            if line.startswith(b'EHLO'):
                writer.write(b'250-mx\r\n250 AUTH PLAIN LOGIN\r\n')
            elif line.startswith(b'AUTH'):
                writer.write(b'535 5.7.8 no: hunter2-secret ' + line)
            else:
                writer.write(b'221 bye\r\n')
            await writer.drain()

    async with Talker(talk) as s:
        result, why = await probe(url=s.url, starttls='off', user='ada', password='hunter2-secret')
    assert result == 1 and why and 'hunter2' not in why and 'AGFkYQ' not in why, why


async def test_try_again_later():
    for difficult in Mailbox(rcpt='451 4.7.1 greylisted'), Mailbox(data='452 4.3.1 full'), Mailbox(mail='421 busy'):
        async with Server(difficult) as s:
            result, why = await probe(url=s.url, starttls='off')
            assert result == 1 and why[:3] in ('451', '452', '421'), why
            difficult.answers = {'rcpt': '250 OK', 'data': '250 OK', 'mail': '250 OK'}
            assert await probe(url=s.url, starttls='off') == (0, '')
        assert len(difficult.messages) == 1


async def test_refused_for_good():
    for difficult in (Mailbox(rcpt='550 5.1.1 <ADDRESS> is nobody here'), Mailbox(data='554 5.7.1 spam'),
                      Mailbox(mail='553 5.1.8 who are you')):
        async with Server(difficult) as s:
            result, why = await probe(url=s.url, starttls='off')
        assert result == 2 and why[:3] in ('550', '554', '553') and 'bob@' not in why, why
        assert difficult.messages == []


async def test_a_server_that_will_not_talk_to_us():
    async def talk(reader, writer):
        writer.write(b'554 5.7.1 no service for you\r\n')
        await writer.drain()
        await reader.read()

    async with Talker(talk) as s:
        result, why = await probe(url=s.url, starttls='off')
    assert result == 1 and why, why


async def test_nobody_there():
    async with Server(Mailbox()) as s:
        pass
    result, why = await probe(url=s.url, starttls='off')
    assert result == 1 and 'connect' in why.lower(), why


async def test_silence_has_an_end():
    async def silent(reader, writer):
        await reader.read()

    async def mute_after_data(reader, writer):
        writer.write(b'220 mx\r\n')
        while line := await reader.readline():
            if line.startswith(b'DATA'):
                writer.write(b'354 go on\r\n')
                await reader.read()
            else:
                writer.write(b'250 OK\r\n')

    async def endless(reader, writer):
        while True:
            writer.write(b'220-' + b'x' * 500 + b'\r\n')
            await writer.drain()

    async def one_endless_line(reader, writer):
        while True:
            writer.write(b'x' * 5000)
            await writer.drain()

    async def mute_after_quit(reader, writer):
        writer.write(b'220 mx\r\n')
        data = False
        while (line := await reader.readline()) and not line.startswith(b'QUIT'):
            data = (data or line.startswith(b'DATA')) and line != b'.\r\n'
            if not data or line.startswith(b'DATA'):
                writer.write(b'354 go on\r\n' if data else b'250 OK\r\n')
        await reader.read()

    # It has the message: what it does not say to QUIT is of no account.
    async with Talker(mute_after_quit) as s:
        assert await probe(url=s.url, starttls='off') == (0, '')
    for talk in silent, mute_after_data, endless, one_endless_line:
        async with Talker(talk) as s:
            result, why = await probe(url=s.url, starttls='off', timeout_ms=700)
        assert result == 1 and why and 'allback' not in why, (talk.__name__, why)


async def test_the_environment_does_not_count():
    box = Mailbox()
    with open(path('.netrc'), 'w') as f:
        f.write('default login eve password evil\n')
    env = {'ALL_PROXY': 'http://127.0.0.1:1', 'all_proxy': 'socks5://127.0.0.1:1', 'SMTP_PROXY': 'http://127.0.0.1:1',
           'smtp_proxy': 'http://127.0.0.1:1', 'HOME': directory.name}
    async with Server(box) as s:
        assert await probe(env=env, url=s.url, starttls='off') == (0, '')
    assert len(box.messages) == 1


async def main():
    make_certificates()
    tests = [(name, f) for name, f in globals().items() if name.startswith('test_')]
    failed = 0
    print(f'1..{len(tests)}')
    for i, (name, test) in enumerate(tests, 1):
        try:
            await asyncio.wait_for(test(), 120)
            print(f'ok {i} - {name[5:]}', flush=True)
        except Exception as e:  # told, and counted
            failed += 1
            print(f'not ok {i} - {name[5:]}\n  ---\n  error: {type(e).__name__} {e}\n  ...', flush=True)
            import traceback
            traceback.print_exc()
    return failed


sys.exit(1 if asyncio.run(main()) else 0)
