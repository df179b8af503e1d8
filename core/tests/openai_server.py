"""A real HTTP server that speaks OpenAI's chat protocol, with a script of answers and faults. Loaded by runpy.

``server.script`` holds what the next requests meet, in order; when it is used up, requests for a stream are answered
with ``server.write(number)`` examples, as many as they ask for, and others with ``server.reply(body)``.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Step = Callable[["Handler"], None]
PIECE = 7


class Server(ThreadingHTTPServer):
    """What was asked is in ``requests`` (bodies) and ``headers``; ``most_at_once`` is how many were under way at most.

    ``models`` are those that it lists; None: it has no list.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Step] = []
        self.write: Callable[[int], Any] = lambda number: {"text": f"text {number}"}
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.written = 0
        self.tells_usage = True
        self.reply: Callable[[dict[str, Any]], Any] = lambda body: ""
        self.models: list[str] | None = None
        self.at_once = self.most_at_once = 0
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def examples(self, body: dict[str, Any]) -> str:
        """As many new examples as a request asks for, as JSON."""
        order = body["messages"][-1]["content"]
        asked = re.search(r"(?:Write|請寫) (\d+)", order)
        assert asked is not None, order
        first = self.written + 1
        self.written += int(asked[1])
        made = [self.write(number) for number in range(first, self.written + 1)]
        return json.dumps({"examples": made}, ensure_ascii=False)


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    protocol_version = "HTTP/1.1"
    body: dict[str, Any]

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(self.body)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        if self.path != "/v1/chat/completions":
            status(404, "page not found")(self)
            return
        with self.server.counting:
            usual = answer() if self.body.get("stream") else said()
            step = self.server.script.pop(0) if self.server.script else usual
            self.server.at_once += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_once)
        try:
            step(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with self.server.counting:
                self.server.at_once -= 1

    def do_GET(self) -> None:
        if self.path != "/v1/models" or self.server.models is None:
            status(404, "page not found")(self)
            return
        self.send(json.dumps({"object": "list", "data": [{"id": name} for name in self.server.models]}).encode())

    def send(self, body: bytes) -> None:
        """A body of JSON, whole."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def start(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def event(self, data: str) -> None:
        line = f"data: {data}\n\n".encode()
        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.flush()

    def chunk(self, **fields: Any) -> None:
        self.event(
            json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake-1", **fields})
        )

    def say(self, text: str) -> None:
        for start in range(0, len(text), PIECE):
            self.chunk(choices=[{"index": 0, "delta": {"content": text[start : start + PIECE]}, "finish_reason": None}])

    def end(self, finish: str | None = "stop") -> None:
        if finish is not None:
            self.chunk(choices=[{"index": 0, "delta": {}, "finish_reason": finish}])
        if self.server.tells_usage and "stream_options" in self.body:
            usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
            self.chunk(choices=[], usage=usage)
        self.event("[DONE]")
        self.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Close the connection in the middle of the body."""
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(2)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def answer(text: str | None = None, finish: str | None = "stop") -> Step:
    """A whole answer: this text, or the examples that are asked for."""

    def step(handler: Handler) -> None:
        handler.start()
        handler.say(handler.server.examples(handler.body) if text is None else text)
        handler.end(finish)

    return step


def cut_after(share: float) -> Step:
    """The connection breaks when a share of the answer has come."""

    def step(handler: Handler) -> None:
        text = handler.server.examples(handler.body)
        handler.start()
        handler.say(text[: int(share * len(text))])
        handler.cut()

    return step


def stall_after(share: float, seconds: float) -> Step:
    """The server falls silent when a share of the answer has come."""

    def step(handler: Handler) -> None:
        text = handler.server.examples(handler.body)
        handler.start()
        handler.say(text[: int(share * len(text))])
        time.sleep(seconds)
        handler.cut()

    return step


def raw_event(data: str) -> Step:
    """One event with any data at all."""

    def step(handler: Handler) -> None:
        handler.start()
        handler.event(data)
        handler.end()

    return step


def whole(body: bytes | None = None) -> Step:
    """An answer in one piece, from a server that does not stream; or any other body."""

    def step(handler: Handler) -> None:
        if body is not None:
            handler.send(body)
            return
        message = {"role": "assistant", "content": handler.server.examples(handler.body)}
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        made = {"model": "fake-1", "choices": [choice], "usage": usage}
        handler.send(json.dumps(made).encode())

    return step


def said(text: str | None = None, finish: str = "stop", seconds: float = 0.0, **message: Any) -> Step:
    """An answer that is not streamed, after so many seconds: this text, or what the server replies."""

    def step(handler: Handler) -> None:
        time.sleep(seconds)
        content = handler.server.reply(handler.body) if text is None else text
        choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
        handler.send(json.dumps({"model": handler.body["model"], "choices": [choice]}).encode())

    return step


def cut_body() -> Step:
    """The connection breaks in the middle of an answer that is not streamed."""

    def step(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"choices": [{')
        handler.cut()

    return step


def status(code: int, message: str, **headers: str) -> Step:
    """An error, as OpenAI words it."""

    def step(handler: Handler) -> None:
        body = json.dumps({"error": {"message": message, "type": "error", "code": None}}).encode()
        handler.send_response(code)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return step


def silence(seconds: float) -> Step:
    """No answer for so long, and then none."""

    def step(handler: Handler) -> None:
        time.sleep(seconds)
        handler.cut()

    return step


@contextmanager
def serving() -> Iterator[Server]:
    """A server at work."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
