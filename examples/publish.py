"""Publishes to one user, as a service would: plain AMQP, nothing of the relay's.

    AMQP_URL=amqp://… python3 examples/publish.py <user> <text>
"""
import os
import sys
from urllib.parse import quote

import pika

user, text = sys.argv[1:]
# One word of the routing key: percent-encoded, with the dot too.
word = quote(user, safe="!~'()-_").replace(".", "%2E")

connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
channel = connection.channel()
channel.confirm_delivery()
channel.basic_publish(
    "relay.user",
    f"{word}.topic.reply",
    text.encode(),
    pika.BasicProperties(delivery_mode=2, content_type="text/plain"),
)
connection.close()
print(f"the broker has confirmed the message for {user}")
