"""A TCP relay between a client and the server that can hold the answers back and cut
the line: between a request and its reply, or after so many bytes."""
import socket
import threading
import time

CHUNK = 4096


class Proxy:
    """Relays to `port` of this machine while it is open.

    hold    what the server says after the handshake waits: the reply does not arrive
    swallow what the client says after the server's hello goes nowhere: nor does the
            request
    delay   seconds every piece of either direction takes
    cut_at, cut_down_at
            bytes from the client, from the server after which the line is cut;
            0: never
    """

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.hold = self.swallow = False
        self.delay = 0
        self.cut_at = self.cut_down_at = 0
        self.up = self.down = 0  # bytes of all connections
        self.connections = 0
        self.released = threading.Event()
        self.open = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.listener.close()
        self.released.set()
        self.cut()

    def cut(self):
        """Every connection, in both directions."""
        for s in self.open:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()
        self.open = []

    def _serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                client.close()
                continue
            self.connections += 1
            line = Line(self, client, server)
            self.open += [client, server]
            threading.Thread(target=line.upward, daemon=True).start()
            threading.Thread(target=line.downward, daemon=True).start()


class Line:
    """One connection.  In TLS 1.3 the client speaks twice before it gets a reply:
    its hello, and then its end of the handshake together with the request."""

    def __init__(self, proxy, client, server):
        self.proxy, self.client, self.server = proxy, client, server
        self.answered = threading.Event()  # the server has spoken
        self.asked = threading.Event()     # and the client after that

    def upward(self):
        p = self.proxy
        try:
            while data := self.client.recv(CHUNK):
                if self.answered.is_set():
                    self.asked.set()
                    if p.swallow:
                        continue
                if p.cut_at and p.up + len(data) >= p.cut_at:
                    part = p.cut_at - p.up
                    self.server.sendall(data[:part])
                    p.up += part
                    p.cut()
                    return
                p.up += len(data)
                time.sleep(p.delay)
                self.server.sendall(data)
            self.server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def downward(self):
        p = self.proxy
        try:
            while data := self.server.recv(CHUNK):
                if p.hold and self.asked.is_set():
                    p.released.wait()
                p.down += len(data)
                if p.cut_down_at and p.down >= p.cut_down_at:
                    p.cut()
                    return
                time.sleep(p.delay)
                self.client.sendall(data)
                self.answered.set()
            self.client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
