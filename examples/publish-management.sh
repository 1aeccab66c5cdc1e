#!/bin/sh
# Publishes to one user with RabbitMQ's own HTTP API: to try things out, since it confirms nothing and is slow.
#   MANAGEMENT_URL=http://user:password@127.0.0.1:15672 sh examples/publish-management.sh <user> <text>
# VHOST is / by default. The same with its tool, which encodes nothing by itself:
#   rabbitmqadmin publish exchange=relay.user routing_key=alice.topic.reply payload='hello' properties='{"delivery_mode": 2}'
set -eu
# One word of the routing key: as encodeURIComponent writes it, with the dot and the asterisk too.
word=$(jq -rn --arg user "$1" '$user | @uri' | sed "s/%21/!/g; s/%27/'/g; s/%28/(/g; s/%29/)/g; s/\./%2E/g; s/\*/%2A/g")
message=$(jq -n --arg key "$word.topic.reply" --arg text "$2" \
  '{routing_key: $key, payload: $text, payload_encoding: "string", properties: {delivery_mode: 2, content_type: "text/plain"}}')
printf 'url = "%s"\n' "$MANAGEMENT_URL/api/exchanges/$(jq -rn --arg vhost "${VHOST:-/}" '$vhost | @uri')/relay.user/publish" |
  curl --config - --silent --show-error --fail --header 'Content-Type: application/json' --data "$message" |
  # Live or unread: somebody takes every message of this exchange.
  jq -e .routed > /dev/null
echo "the broker has taken the message for $1"
