"""The Python package with a real daemon. HALPD_BINARY and HALP_LIBRARY name the programs under test."""

import asyncio
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import halp
from halp import EventKind


class Daemon:
    def __init__(self, home, *more):
        self.socket = home + "/sock"
        self.log = open(home + "/log", "w+")
        self.process = subprocess.Popen(
            [os.environ["HALPD_BINARY"], "--listen", "127.0.0.1:0", "--profile", "local", "--admin", self.socket,
             "--state-dir", home + "/state", "--cache-dir", home + "/cache", *more],
            stderr=self.log, env={**os.environ, "HOME": home})
        deadline = time.monotonic() + 30
        while "listening on " not in self.text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self.text())
            time.sleep(0.01)

    def text(self):
        with open(self.log.name) as log:
            return log.read()

    def port(self):
        return int(self.text().split("listening on ")[1].split("\n")[0].rpartition(":")[2])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.log.close()


class WithADaemon(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = tempfile.TemporaryDirectory()
        cls.daemon = Daemon(cls.home.name, "--set", "dht.listen=127.0.0.1:0", "--dht-test-client")

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.home.cleanup()

    def open(self):
        handle = halp.open(halp.Mode.DAEMON, socket=self.daemon.socket)
        self.addCleanup(handle.close)
        return handle

    def test_announces_looks_up_and_withdraws(self):
        h = self.open()
        with h.announce("pychat", 5222, "192.0.2.7"):
            (host,) = h.lookup("pychat")
            self.assertEqual((host.host, host.port, host.own), ("192.0.2.7", 5222, True))
            self.assertEqual(host.address, ("192.0.2.7", 5222))
            self.assertLess(abs(host.seen - time.time()), 60)
            self.assertIn("pychat", h.sublabels())
            h.confirm("pychat", host)
        deadline = time.monotonic() + 10
        while any(host.own for host in h.lookup("pychat")) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(any(host.own for host in h.lookup("pychat")))

    def test_tags_are_listed_and_asked_for(self):
        h = self.open()
        with h.announce("pytags", 1, "192.0.2.1", tags=["v=2", "blue"]), h.announce("pytags", 2, "192.0.2.2"):
            self.assertEqual({host.tags for host in h.lookup("pytags")}, {("blue", "v=2"), ()})
            self.assertEqual([host.port for host in h.lookup("pytags", tag="v=2")], [1])
            with self.assertRaises(halp.Invalid):
                h.announce("pytags", 3, "192.0.2.3", tags="one,two")

    def test_a_watch_is_iterated_over(self):
        h, other = self.open(), self.open()
        other.announce("pywatch", 1, "192.0.2.1")
        with h.watch("pywatch", timeout=10) as watch:
            self.assertEqual(next(watch).host.host, "192.0.2.1")
            self.assertEqual(next(watch).kind, EventKind.COMPLETE)
            other.announce("pywatch", 2, "192.0.2.2")
            self.assertEqual(next(watch)[:2], (EventKind.HOST, "pywatch"))

    def test_an_async_for_gets_every_event(self):
        h, other = self.open(), self.open()

        async def collect():
            seen = []
            async for event in h.watch("pyasync"):
                seen.append((event.kind, event.host and event.host.port))
                if event.kind == EventKind.COMPLETE:
                    other.announce("pyasync", 7, "192.0.2.1")
                if event.kind == EventKind.HOST:
                    return seen

        self.assertEqual(asyncio.run(asyncio.wait_for(collect(), 20)), [(EventKind.COMPLETE, None), (EventKind.HOST, 7)])

    def test_what_a_callback_raises_comes_out_of_dispatch(self):
        h = self.open()
        watch = h.watch("pyraise")
        watch._events = None  # the callback fails
        with self.assertRaises(AttributeError):
            while True:
                h.dispatch(5)
        watch.cancel()
        self.assertEqual(h.dispatch(0), 0)

    def test_connect_gives_a_socket_to_a_host_that_works(self):
        h = self.open()
        with socket.create_server(("127.0.0.1", 0)) as server:
            h.announce("pyconnect", server.getsockname()[1], "127.0.0.1")
            with h.connect("pyconnect", timeout=10) as connection:
                peer, _ = server.accept()
                connection.sendall(b"hello")
                self.assertEqual(peer.recv(5), b"hello")
                peer.close()

    def test_errors_are_exceptions_of_their_own(self):
        h = self.open()
        with self.assertRaises(halp.BadLabel):
            h.lookup("not a label")
        with self.assertRaises(halp.NotFound):
            h.connect("pynobody")
        with self.assertRaises(ConnectionError) as raised:
            halp.open(halp.Mode.DAEMON, socket=self.home.name + "/nobody")
        self.assertIsInstance(raised.exception, halp.Unreachable)
        self.assertIn("No daemon listens at", str(raised.exception))
        with self.assertRaises(halp.Invalid):
            h.announce("x", 70000, "a")
        with self.assertRaises(halp.Invalid):
            h.lookup("a\0b")
        h.close()
        with self.assertRaises(halp.Invalid):
            h.lookup("x")

    def test_records(self):
        h = self.open()
        with h.dht() as dht:
            dht.put("pyusers", 7, b"Ann\0")
            self.assertEqual(dht.get("pyusers", 7), b"Ann\0")
            self.assertIsNone(dht.get("pyusers", 8))
            self.assertTrue(dht.exists("pyusers", 7))
            self.assertEqual(dht.scan("pyusers"), {7: b"Ann\0"})
            changes = []
            dht.mirror("pyusers", lambda change: changes.append(change) or True, 5)
            self.assertEqual(changes, [(halp.ChangeKind.PRESENT, 7, b"Ann\0")])
            with self.assertRaises(ZeroDivisionError):
                dht.mirror("pyusers", lambda change: 1 / 0, 5)
            self.assertTrue(dht.remove("pyusers", 7))
            self.assertFalse(dht.remove("pyusers", 7))

    def test_without_a_daemon_the_cache_directory_and_its_servers_are_asked(self):
        with halp.open(halp.Mode.CACHE, cache_dir=self.home.name + "/mine") as h:
            h.announce("halp", self.daemon.port(), "127.0.0.1")
            h.announce("pycache", 9, "192.0.2.9")
            self.assertEqual([host.host for host in h.lookup("pycache", local=True)], ["192.0.2.9"])
            self.assertEqual(h.mode, halp.Mode.CACHE)
        self.assertTrue(os.path.exists(self.home.name + "/mine/pycache"))


if __name__ == "__main__":
    unittest.main()
