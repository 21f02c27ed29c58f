"""serve_keystone.py PORT: serves Keystone on this machine, each request in a thread of its own."""

import socketserver
import sys
from wsgiref import simple_server

from keystone.server.wsgi import initialize_public_application

port = int(sys.argv.pop())  # Keystone reads what is left of the arguments


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128


simple_server.make_server(
    "127.0.0.1", port, initialize_public_application(), server_class=Server
).serve_forever()
