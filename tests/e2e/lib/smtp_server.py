#!/usr/bin/python3
"""A mail server for tests: aiosmtpd with STARTTLS and a password, both of which it insists on.

    smtp_server.py DIR CERT KEY USER PASSWORD

Takes everything, keeps each letter as DIR/outbox/NNNN.eml. Prints its port; ends when its standard input does.
"""
import asyncio
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

directory, cert, key, user, password = sys.argv[1:]
outbox = os.path.join(directory, 'outbox')
os.mkdir(outbox)


class Keep:
    count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        path = os.path.join(outbox, f'{self.count:04}')
        with open(path, 'wb') as f:
            f.write(envelope.content)
        os.rename(path, f'{path}.eml')
        return '250 OK'


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == user.encode() and data.password == password.encode())


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    keep = Keep()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(keep, hostname='localhost', tls_context=context, require_starttls=True,
                     auth_required=True, authenticator=authenticate), '127.0.0.1', 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
