"""A small IMAP server over TLS, as much of it as a reader of one mailbox needs."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Stored:
    raw: bytes
    folder: str = "INBOX"
    flags: set[str] = field(default_factory=set)


class ImapServer:
    """Holds mails by their UID; the test sets what it can, and when it hangs up."""

    def __init__(
        self, context: ssl.SSLContext, *, starttls: bool = False, extensions: str = "MOVE UIDPLUS"
    ) -> None:
        self.mails: dict[int, Stored] = {}
        self.folders = {"INBOX"}
        self.extensions = extensions
        self.hangs_up_before: Callable[[str], bool] = lambda command: False
        self.said: list[str] = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    self.talk()
                except (OSError, ssl.SSLError):
                    return

            def talk(self) -> None:
                plain = self.request
                sock = plain if starttls else context.wrap_socket(plain, server_side=True)
                sock.sendall(b"* OK ready\r\n")
                file = sock.makefile("rb")
                while line := file.readline():
                    tag, _, command = line.decode().strip().partition(" ")
                    outer.said.append(command)
                    if outer.hangs_up_before(command):
                        sock.close()
                        plain.close()
                        return
                    if command.upper() == "STARTTLS":
                        sock.sendall(f"{tag} OK go\r\n".encode())
                        sock = context.wrap_socket(plain, server_side=True)
                        file = sock.makefile("rb")
                        continue
                    sock.sendall(outer.answer(tag, command))
                    if command.upper() == "LOGOUT":
                        return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that takes no certificate leaves in the middle of it."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        serve = {"poll_interval": 0.02}
        threading.Thread(target=self._server.serve_forever, kwargs=serve, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, *raws: bytes) -> None:
        for raw in raws:
            self.mails[max(self.mails, default=0) + 1] = Stored(raw)

    def folder(self, name: str) -> list[bytes]:
        """Return what a person sees in a folder."""
        kept = (each for each in self.mails.values() if each.folder == name)
        return [each.raw for each in kept if r"\Deleted" not in each.flags]

    def answer(self, tag: str, command: str) -> bytes:
        words = command.replace('"', "").split(" ")
        verb = words[0].upper()
        if verb == "UID":
            return self.about(tag, words[1].upper(), words[2:])
        if verb == "CAPABILITY":
            return (
                f"* CAPABILITY IMAP4rev1 STARTTLS {self.extensions}\r\n{tag} OK done\r\n".encode()
            )
        if verb == "LOGIN" and words[2] != "pass:word":
            return f"{tag} NO wrong password\r\n".encode()
        if verb == "CREATE":
            known = words[1] in self.folders
            self.folders.add(words[1])
            return f"{tag} {'NO it is there' if known else 'OK done'}\r\n".encode()
        if verb == "SELECT":
            count = sum(each.folder == words[1] for each in self.mails.values())
            return f"* {count} EXISTS\r\n{tag} OK done\r\n".encode()
        return f"{tag} OK done\r\n".encode()

    def about(self, tag: str, verb: str, words: list[str]) -> bytes:
        inbox = [uid for uid, each in self.mails.items() if each.folder == "INBOX"]
        if verb == "SEARCH":
            first, last = map(int, words[0].split(":"))
            uids = (
                str(uid)
                for uid in inbox[first - 1 : last]
                if r"\Deleted" not in self.mails[uid].flags
            )
            return f"* SEARCH {' '.join(uids)}\r\n{tag} OK done\r\n".encode()
        uid = int(words[0])
        if uid not in inbox:
            return f"{tag} OK nothing\r\n".encode()
        mail = self.mails[uid]
        if verb == "FETCH":
            most = int(command_limit(words))
            part = mail.raw[:most]
            head = f"* 1 FETCH (UID {uid} RFC822.SIZE {len(mail.raw)} BODY[]<0> {{{len(part)}}}"
            return head.encode() + b"\r\n" + part + f")\r\n{tag} OK done\r\n".encode()
        if verb in ("MOVE", "COPY"):
            if words[1] not in self.folders:
                return f"{tag} NO [TRYCREATE]\r\n".encode()
            if verb == "MOVE":
                mail.folder = words[1]
            else:
                self.mails[max(self.mails) + 1] = Stored(mail.raw, words[1])
        if verb == "STORE":
            mail.flags.add(r"\Deleted")
        if verb == "EXPUNGE" and r"\Deleted" in mail.flags:
            del self.mails[uid]
        return f"{tag} OK done\r\n".encode()


def command_limit(words: list[str]) -> str:
    """Return how many bytes are asked for: BODY.PEEK[]<0.262144>."""
    return " ".join(words).partition("<0.")[2].partition(">")[0]
