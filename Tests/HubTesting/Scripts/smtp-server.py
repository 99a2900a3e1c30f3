"""A real SMTP server for the tests. Commands come as JSON objects, one a line, on standard input; each gets one line back.

Ends with its standard input or its parent, whichever is first, so that it never outlives the tests.
"""

import argparse
import asyncio
import base64
import email
import email.header
import email.policy
import email.utils
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

parser = argparse.ArgumentParser()
parser.add_argument("--tls", choices=["none", "starttls", "required", "implicit"], default="none")
parser.add_argument("--certificate")
parser.add_argument("--user")
parser.add_argument("--password")
options = parser.parse_args()


class Mailboxes:
    """What came in, and how to answer what comes next."""

    def __init__(self):
        self.mails = []
        self.connections = 0
        self.answer = {"mode": "accept"}

    def reply(self, stage):
        """The reply that was asked for at this stage; None to go on."""
        answer = self.answer
        if answer["mode"] != "refuse" or answer["stage"] != stage:
            return None
        if answer.get("times") is not None:
            answer["times"] -= 1
            if answer["times"] <= 0:
                self.answer = {"mode": "accept"}
        return f"{answer['code']} {answer['text']}"

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        reply = self.reply("mail")
        if reply is None:
            envelope.mail_from = address
        return reply or "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        reply = self.reply("rcpt")
        if reply is None:
            envelope.rcpt_tos.append(address)
        return reply or "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer["mode"] == "hang":
            await asyncio.Event().wait()
        if self.answer["mode"] == "close":
            server.transport.abort()
            return "421 closing"
        reply = self.reply("message")
        if reply is None:
            self.mails.append(describe(server, session, envelope))
        # Takes the mail and then breaks the connection before saying so: the worst moment.
        if self.answer["mode"] == "take-and-close":
            server.transport.abort()
            return "421 closing"
        return reply or "250 OK"


def describe(server, session, envelope):
    """A mail as Python's own mail library reads it: a second opinion on what was sent."""
    raw = envelope.content
    message = email.message_from_bytes(raw, policy=email.policy.default)
    plain = message.get_body(preferencelist=("plain",))
    html = message.get_body(preferencelist=("html",))
    parts = list(message.walk())
    from_name, from_address = mailbox(raw, "from")
    to_name, to_address = mailbox(raw, "to")
    return {
        "envelopeFrom": envelope.mail_from,
        "envelopeTo": envelope.rcpt_tos,
        "isEncrypted": server.transport.get_extra_info("ssl_object") is not None,
        "user": session.auth_data.login.decode() if session.auth_data else None,
        "headers": [[name, str(value)] for name, value in message.items()],
        "fromName": from_name,
        "fromAddress": from_address,
        "toName": to_name,
        "toAddress": to_address,
        "recipientCount": len(message["to"].addresses),
        "subject": str(message["subject"]),
        "messageID": str(message["message-id"]),
        "secondsSinceEpoch": message["date"].datetime.timestamp(),
        "contentTypes": [part.get_content_type() for part in parts],
        "text": content(plain),
        "html": content(html),
        "defects": [str(defect) for part in parts for defect in part.defects],
        "lineBytesMax": max(len(line) for line in raw.split(b"\r\n")),
        "rawBase64": base64.b64encode(raw).decode(),
    }


def mailbox(raw, name):
    """The name and the address in a header.

    The newer parser of the library leaves the space between two encoded words of a name in, against RFC 2047, section 6.2.
    """
    value = str(email.message_from_bytes(raw)[name]).replace("\r", "").replace("\n", "")
    display, address = email.utils.parseaddr(value)
    return str(email.header.make_header(email.header.decode_header(display))), address


def content(part):
    """The text of a part with the line ends of this side of the wire."""
    return None if part is None else part.get_content().replace("\r\n", "\n")


class Session(SMTP):
    """Refuses where handlers have no say: before a mail begins, and at DATA."""

    is_greeted = False

    async def push(self, status):
        reply = None if self.is_greeted else self.event_handler.reply("greeting")
        self.is_greeted = True
        await super().push(reply or status)

    async def smtp_EHLO(self, hostname):
        await self.refuse_or("ehlo", super().smtp_EHLO, hostname)

    async def smtp_HELO(self, hostname):
        await self.refuse_or("ehlo", super().smtp_HELO, hostname)

    async def smtp_STARTTLS(self, argument):
        await self.refuse_or("starttls", super().smtp_STARTTLS, argument)

    async def smtp_AUTH(self, argument):
        await self.refuse_or("auth", super().smtp_AUTH, argument)

    async def smtp_DATA(self, argument):
        await self.refuse_or("data", super().smtp_DATA, argument)

    async def refuse_or(self, stage, go_on, argument):
        reply = self.event_handler.reply(stage)
        await (go_on(argument) if reply is None else self.push(reply))


class Server:
    def __init__(self, mailboxes):
        self.mailboxes = mailboxes
        self.context = None
        if options.tls != "none":
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(options.certificate)
        self.port = 0
        self.listener = None
        self.sessions = set()

    def authenticate(self, server, session, envelope, mechanism, data):
        wanted = (options.user or "").encode(), (options.password or "").encode()
        return AuthResult(success=(data.login, data.password) == wanted, auth_data=data, handled=False)

    def session(self):
        self.mailboxes.connections += 1
        session = Session(
            self.mailboxes,
            hostname="localhost",
            ident="test server",
            tls_context=self.context if options.tls in ("starttls", "required") else None,
            require_starttls=options.tls == "required",
            authenticator=self.authenticate if options.user else None,
            auth_required=options.user is not None,
            auth_require_tls=options.tls in ("starttls", "required"),
        )
        self.sessions.add(session)
        return session

    async def up(self):
        loop = asyncio.get_running_loop()
        self.listener = await loop.create_server(
            self.session, "127.0.0.1", self.port, ssl=self.context if options.tls == "implicit" else None, backlog=1024
        )
        self.port = self.listener.sockets[0].getsockname()[1]

    async def down(self):
        self.listener.close()
        for session in self.sessions:
            if session.transport is not None:
                session.transport.abort()
        self.sessions.clear()


async def end_with(parent):
    """The standard input alone does not tell: another child of the parent may hold its other end open."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    os._exit(0)


async def main():
    watch = asyncio.create_task(end_with(os.getppid()))
    mailboxes = Mailboxes()
    server = Server(mailboxes)
    await server.up()
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader(limit=1 << 20)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)

    def say(answer):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    say({"port": server.port})
    while line := await commands.readline():
        command = json.loads(line)
        match command["do"]:
            case "answer":
                mailboxes.answer = command["answer"]
                say({})
            case "mails":
                wanted = command.get("to")
                say([mail for mail in mailboxes.mails if wanted is None or mail["toAddress"] == wanted])
            case "counts":
                say({"mails": len(mailboxes.mails), "connections": mailboxes.connections})
            case "clear":
                mailboxes.mails.clear()
                say({})
            case "down":
                await server.down()
                say({})
            case "up":
                await server.up()
                say({})
    watch.cancel()


asyncio.run(main())
