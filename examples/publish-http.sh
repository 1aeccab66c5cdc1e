#!/bin/sh
# Publishes to one user over HTTP, by way of the relay: no AMQP, but a token that a rule lets send there.
#   RELAY_URL=http://127.0.0.1:8080 TOKEN=… sh examples/publish-http.sh <user> <text>
# Exit code 0: the broker has confirmed the message. After a 503 or a broken connection, send it again with the same
# Idempotency-Key: receivers drop what they have seen by it. Needs curl and jq.
set -eu
id="${ID:-$(cat /proc/sys/kernel/random/uuid)}"
# From standard input, since other users of the machine can see the arguments.
printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" |
  curl --config - --silent --show-error --fail-with-body --retry 3 \
    --header 'Content-Type: application/json' --header "Idempotency-Key: $id" \
    --data "$(jq -n --arg text "$2" '{destination: "/topic/reply", body: $text, headers: {"content-type": "text/plain"}}')" \
    "$RELAY_URL/api/users/$(jq -rn --arg user "$1" '$user | @uri')/messages"
