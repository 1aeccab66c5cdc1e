"""Publishes to one user over STOMP, with stomp.py, straight to the broker.

    STOMP_URL=ws://user:password@host:15674/ws?vhost=/ python3 examples/publish_stomp.py <user> <text>

ws:// is RabbitMQ's Web-STOMP and needs stomp.py 8.1 or newer (pip install stomp.py); stomp:// is its plain STOMP listener
(stomp.listeners.tcp.1 = 61613 in rabbitmq.conf), for which Debian's python3-stomp will do.
"""
import os
import sys
import threading
import uuid
from urllib.parse import parse_qs, quote, unquote, urlsplit

import stomp

user, text = sys.argv[1:]
# One word of the routing key: percent-encoded, with the dot too.
word = quote(user, safe="!~'()-_").replace(".", "%2E")
if "%2F" in word:
    sys.exit("RabbitMQ's STOMP turns %2F into a slash: publish for a user with a slash in the name over AMQP")

url = urlsplit(os.environ["STOMP_URL"])
vhost = parse_qs(url.query).get("vhost", ["/"])[0]
where = [(url.hostname, url.port)]
if url.scheme == "ws":
    subprotocol = {"Sec-WebSocket-Protocol": "v12.stomp"}
    connection = stomp.WSStompConnection(where, vhost=vhost, ws_path=url.path, header=subprotocol)
else:
    connection = stomp.StompConnection12(where, vhost=vhost)


class Confirm(stomp.ConnectionListener):
    """The broker's RECEIPT, which is its publisher confirm, or its ERROR."""

    done = threading.Event()
    error = None

    def on_receipt(self, frame):
        self.done.set()

    def on_error(self, frame):
        self.error = frame.headers.get("message")
        self.done.set()


confirm = Confirm()
connection.set_listener("confirm", confirm)
connection.connect(unquote(url.username), unquote(url.password), wait=True)
connection.send(
    f"/exchange/relay.user/{word}.topic.reply",
    text,
    content_type="text/plain",
    headers={"persistent": "true", "amqp-message-id": str(uuid.uuid4()), "receipt": "sent"},
)
if not confirm.done.wait(5) or confirm.error:
    sys.exit(f"the broker has not confirmed the message: {confirm.error or 'no RECEIPT within 5 s'}")
connection.disconnect()
print(f"the broker has confirmed the message for {user}")
