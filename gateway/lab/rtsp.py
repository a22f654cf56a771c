"""RTSP (RFC 2326) with media interleaved in the same connection: the camera's server and a phone's viewer."""

import socket
import socketserver
import struct
import threading

from .message import RtpStream

SDP = (
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=door\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=control:track1\r\n"
)
PACKETS, PACKET_BYTES = 40, 900


class CameraHandler(socketserver.StreamRequestHandler):
    """One viewer."""

    def handle(self) -> None:
        while lines := self._request():
            method = lines[0].split(" ")[0]
            sequence = next((line.split(":")[1].strip() for line in lines if line.lower().startswith("cseq")), "0")
            self._answer(method, sequence)
            if method == "PLAY":
                self._play()
            if method == "TEARDOWN":
                return

    def _request(self) -> list[str]:
        lines: list[str] = []
        try:
            while line := self.rfile.readline(2048).decode("latin-1").strip():
                lines.append(line)
        except OSError:
            return []
        return lines

    def _answer(self, method: str, sequence: str) -> None:
        extra, body = "", ""
        if method == "OPTIONS":
            extra = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        elif method == "DESCRIBE":
            body = SDP
            extra = f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        elif method == "SETUP":
            extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 4711\r\n"
        self.wfile.write(f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\n{extra}\r\n{body}".encode())

    def _play(self) -> None:
        stream = RtpStream()
        for _ in range(PACKETS):
            packet = stream.packet(PACKET_BYTES)
            self.wfile.write(struct.pack("!cBH", b"$", 0, len(packet)) + packet)


class CameraServer(socketserver.ThreadingTCPServer):
    """Port 554 of the camera."""

    allow_reuse_address = True
    daemon_threads = True


def serve_camera(port: int = 554) -> None:
    """Listen from now on, in the background."""
    server = CameraServer(("0.0.0.0", port), CameraHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def view(sock: socket.socket, url: str) -> int:
    """Watch a stream to its end over a fresh connection; bytes of media received."""
    stream = sock.makefile("rwb")
    for number, (method, target, extra) in enumerate(
        (
            ("OPTIONS", url, ""),
            ("DESCRIBE", url, "Accept: application/sdp\r\n"),
            ("SETUP", f"{url}/track1", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"),
            ("PLAY", url, "Session: 4711\r\n"),
        ),
        start=1,
    ):
        stream.write(f"{method} {target} RTSP/1.0\r\nCSeq: {number}\r\n{extra}\r\n".encode())
        stream.flush()
        _skip_answer(stream)  # type: ignore[arg-type]
    received = 0
    for _ in range(PACKETS):
        head = stream.read(4)
        if len(head) < 4:
            break
        received += len(stream.read(int.from_bytes(head[2:4])))
    stream.write(f"TEARDOWN {url} RTSP/1.0\r\nCSeq: 9\r\nSession: 4711\r\n\r\n".encode())
    stream.flush()
    return received


def _skip_answer(stream: "socket.SocketIO") -> None:
    length = 0
    while line := stream.readline().strip():
        if line.lower().startswith(b"content-length"):
            length = int(line.split(b":")[1])
    stream.read(length)
